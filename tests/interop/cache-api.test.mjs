// SPDX-License-Identifier: MIT
// The cache from outside: figures, single keys, cleaning.
import assert from 'node:assert';
import { after, before, beforeEach, describe, it } from 'node:test';
import { call, Stage } from './stage.mjs';

const OFF = {
  name: 'MoleculerClientError', message: 'Cacher feature is disabled', code: 400, type: 'CACHER_DISABLED',
};

for (const type of ['Memory', 'MemoryLRU']) {
  describe(`the cache over HTTP, ${type}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;

    const stats = async () => (await sidecar.json('GET', '/v1/cache')).body;
    const clean = (body) => sidecar.json('POST', '/v1/cache/clean', body);
    const at = (key) => `/v1/cache/${encodeURIComponent(key)}`;
    const ask = async (action, params) => (await call(sidecar, `posts.${action}`, { params })).body.response;

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/get', ({ body }) => ({ response: { id: body.params.id, title: 'a "b"/c' } }));
      sidecar = await stage.sidecar({ CACHER: type });
      await sidecar.register({
        name: 'posts', settings: { baseUrl: app.url },
        actions: {
          get: { handler: '/get', cache: { keys: ['id'], ttl: 60 } },
          find: { handler: '/get', cache: true },
        },
      });
    });
    beforeEach(async () => {
      await clean({});
      app.clear();
    });
    after(() => stage.stop());

    it('has figures', async () => {
      const first = await stats();
      assert.deepStrictEqual({ type: first.type, entries: first.entries, bytes: first.bytes, limit: first.limitBytes },
        { type, entries: 0, bytes: 0, limit: 64 << 20 });
      await ask('get', { id: 1 });
      await ask('get', { id: 1 });
      await ask('find', { id: 1 });
      const { entries, bytes, counters } = await stats();
      const since = Object.fromEntries(Object.entries(counters).map(([name, n]) => [name, n - first.counters[name]]));
      assert.strictEqual(entries, 2);
      assert.ok(bytes > 60 && bytes < 1000, bytes);
      assert.deepStrictEqual(since, { get: 3, found: 1, expired: 0, evicted: 0, set: 2, del: 0, clean: 0 });
    });

    it('shows and forgets one key', async () => {
      await ask('get', { id: 'x|"/1' });
      const key = 'posts.get:"x|"/1"';
      const shown = await sidecar.json('GET', at(key));
      assert.strictEqual(shown.status, 200);
      assert.ok(shown.body.ttl > 50 && shown.body.ttl <= 60, shown.body.ttl);
      assert.deepStrictEqual({ ...shown.body, ttl: 0 }, { key, value: { id: 'x|"/1', title: 'a "b"/c' }, ttl: 0 });
      assert.deepStrictEqual(await sidecar.json('DELETE', at(key)).then(({ status, body }) => ({ status, body })),
        { status: 200, body: { status: 'OK' } });
      const gone = await sidecar.json('GET', at(key));
      assert.strictEqual(gone.status, 404);
      assert.deepStrictEqual(gone.body,
        { name: 'MoleculerClientError', message: 'Cache key not found', code: 404, type: 'NOT_FOUND', data: { key } });
      assert.strictEqual((await sidecar.json('DELETE', at(key))).status, 404);
      await ask('get', { id: 'x|"/1' });
      assert.strictEqual(app.requests.length, 2);
    });

    it('says that something stays for ever', async () => {
      await ask('find', { id: 1 });
      assert.strictEqual((await sidecar.json('GET', at('posts.find:id|1'))).body.ttl, null);
    });

    it('is cleaned by a pattern, by several, and wholly', async () => {
      const fill = async () => {
        for (const id of [1, 2]) {
          await ask('get', { id });
          await ask('find', { id });
        }
      };
      const rest = async (body) => {
        await fill();
        const { status, body: said } = await clean(body);
        assert.deepStrictEqual({ status, said }, { status: 200, said: { status: 'OK' } });
        return (await stats()).entries;
      };
      assert.strictEqual(await rest({ match: 'posts.get:*' }), 2);
      assert.strictEqual(await rest({ match: ['posts.get:1', 'posts.find:id|2'] }), 2);
      assert.strictEqual(await rest({ match: [] }), 4);
      assert.strictEqual(await rest({ match: 'nothing.**' }), 4);
      assert.strictEqual(await rest({ match: null }), 0);
      assert.strictEqual(await rest(), 0);
    });

    it('takes the pattern in the query, too', async () => {
      await ask('get', { id: 1 });
      await ask('find', { id: 1 });
      await sidecar.json('POST', '/v1/cache/clean?match=posts.get**');
      assert.strictEqual((await stats()).entries, 1);
    });

    it('refuses what is no pattern, and cleans nothing', async () => {
      await ask('get', { id: 1 });
      for (const body of [{ match: 5 }, { match: {} }, { match: ['a', 5] }, { match: Array(101).fill('**') }, ['**']]) {
        const { status, body: said } = await clean(body);
        assert.deepStrictEqual({ status, name: said.name, action: said.data[0].action },
          { status: 422, name: 'ValidationError', action: '$sidecar.cleanCache' }, JSON.stringify(body));
      }
      assert.strictEqual((await stats()).entries, 1);
    });
  });
}

describe('the cache over HTTP, without a cacher', () => {
  const stage = new Stage();
  let sidecar;

  before(async () => {
    await stage.nats();
    sidecar = await stage.sidecar();
  });
  after(() => stage.stop());

  it('says that there is none', async () => {
    const asked = [
      ['GET', '/v1/cache'], ['POST', '/v1/cache/clean', {}], ['GET', '/v1/cache/a'], ['DELETE', '/v1/cache/a'],
    ];
    for (const [method, path, body] of asked) {
      const { status, body: said } = await sidecar.json(method, path, body);
      assert.deepStrictEqual({ status, said }, { status: 400, said: OFF });
    }
  });
});
