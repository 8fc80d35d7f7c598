// SPDX-License-Identifier: MIT
// Events between the sidecar and nodes of each generation: emit, broadcast, groups, patterns, balancing.
import assert from 'node:assert';
import { after, before, beforeEach, describe, it } from 'node:test';
import { generations, hears, knowsListener, named, Stage, until } from './stage.mjs';

const PATTERNS = ['plain', 'order.*', 'deep.**', 'mark'];

for (const version of generations) {
  describe(`events, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;
    let js;
    let heard = [];

    /* Both nodes have a service of the same patterns, and one in a group of its own. */
    const listener = (name, more) => ({
      name,
      events: Object.fromEntries(PATTERNS.map((pattern) => [pattern, {
        ...more,
        handler(ctx) {
          heard.push({
            by: this.name, pattern, event: ctx.eventName, type: ctx.eventType, groups: ctx.eventGroups,
            params: ctx.params, meta: ctx.meta, nodeID: ctx.nodeID, level: ctx.level, caller: ctx.caller,
          });
        },
      }])),
    });
    const localListener = (name, more) => ({
      name,
      settings: { baseUrl: `${app.url}/${name}/` },
      events: Object.fromEntries(PATTERNS.map((pattern) => [pattern, { ...more, handler: pattern }])),
    });

    before(async () => {
      await stage.nats();
      app = await stage.app();
      sidecar = await stage.sidecar();
      js = await stage.node(version, 'js', [listener('jslisten'), listener('shared')]);
      await sidecar.register(localListener('applisten'));
      await sidecar.register(localListener('shared'));
      for (const pattern of PATTERNS) {
        await hears(sidecar, pattern, 'js');
        await knowsListener(js, pattern, 'sidecar');
      }
    });
    beforeEach(() => {
      heard = [];
      app.clear();
    });
    after(() => stage.stop());

    const post = async (how, event, body) => {
      const { status } = await sidecar.request('POST', `/v1/${how}/${event}`, body);
      assert.strictEqual(status, 200);
    };
    const appHeard = () => app.requests.filter(({ body }) => body.event !== 'mark');
    /* Packets between two nodes arrive in order: once a mark has come through, all before it have. */
    const settled = async () => {
      await post('broadcast', 'mark', {});
      js.broadcast('mark', {});
      await until('marks are heard on both sides', () => {
        const there = heard.filter(({ event, nodeID }) => event === 'mark' && nodeID === 'sidecar').length;
        const here = app.requests.filter(({ body }) => body.event === 'mark' && body.nodeID === 'js').length;
        return there >= 2 && here >= 2;
      });
      heard = heard.filter(({ event }) => event !== 'mark');
    };
    const listeners = () => ({
      js: heard.map(({ by }) => by).sort(), app: appHeard().map(({ path }) => path.split('/')[1]).sort(),
    });

    it('an emit from HTTP reaches a group on the JavaScript node', async () => {
      await post('emit', 'plain', { params: { id: 1 }, meta: { m: 1 }, options: { groups: ['jslisten'] } });
      await settled();
      assert.deepStrictEqual(heard, [{
        by: 'jslisten', pattern: 'plain', event: 'plain', type: 'emit', groups: ['jslisten'], params: { id: 1 },
        meta: { m: 1 }, nodeID: 'sidecar', level: 1, caller: '$sidecar',
      }]);
      assert.deepStrictEqual(appHeard(), []);
    });

    it('an emit of the JavaScript node reaches a group of the app', async () => {
      js.emit('plain', { id: 2 }, { groups: ['applisten'], meta: { m: 2 } });
      await settled();
      assert.deepStrictEqual(appHeard().map(({ path, body }) => ({ path, body })), [{
        path: '/applisten/plain',
        body: {
          event: 'plain', eventType: 'emit', eventGroups: ['applisten'], nodeID: 'js', params: { id: 2 }, meta: { m: 2 },
        },
      }]);
      assert.deepStrictEqual(heard, []);
    });

    it('an emit from HTTP reaches every group once, its own node first', async () => {
      await post('emit', 'plain', { params: 1 });
      await settled();
      assert.deepStrictEqual(listeners(), { js: ['jslisten'], app: ['applisten', 'shared'] });
    });

    it('an emit of the JavaScript node reaches every group once, its own node first', async () => {
      js.emit('plain', 1);
      await settled();
      assert.deepStrictEqual(listeners(), { js: ['jslisten', 'shared'], app: ['applisten'] });
    });

    it('a broadcast reaches every listener, from HTTP', async () => {
      await post('broadcast', 'plain', { params: { all: true } });
      await settled();
      assert.deepStrictEqual(listeners(), { js: ['jslisten', 'shared'], app: ['applisten', 'shared'] });
      assert.deepStrictEqual(new Set(heard.map(({ type }) => type)), new Set(['broadcast']));
      assert.deepStrictEqual(heard[0].params, { all: true });
    });

    it('a broadcast reaches every listener, from the JavaScript node', async () => {
      js.broadcast('plain', { all: true }, { meta: { b: 1 } });
      await settled();
      assert.deepStrictEqual(listeners(), { js: ['jslisten', 'shared'], app: ['applisten', 'shared'] });
      const [{ body }] = appHeard();
      assert.deepStrictEqual(body, {
        event: 'plain', eventType: 'broadcast', nodeID: 'js', params: { all: true }, meta: { b: 1 },
      });
    });

    it('a broadcast to groups reaches those only, both ways', async () => {
      await post('broadcast', 'plain', { params: 1, options: { groups: ['shared'] } });
      await settled();
      assert.deepStrictEqual(listeners(), { js: ['shared'], app: ['shared'] });
      heard = [];
      app.clear();
      js.broadcast('plain', 1, ['applisten']);
      await settled();
      assert.deepStrictEqual(listeners(), { js: [], app: ['applisten'] });
    });

    it('an emit without params carries null from JavaScript and {} from HTTP', async () => {
      js.emit('plain', undefined, { groups: ['applisten'] });
      await post('emit', 'plain', { groups: ['jslisten'] });
      await settled();
      assert.strictEqual(appHeard()[0].body.params, null);
      assert.deepStrictEqual(heard[0].params, {});
    });

    const matches = {
      'order.placed': 'order.*', 'deep.one': 'deep.**', 'deep.one.two.three': 'deep.**',
    };
    for (const [event, pattern] of Object.entries(matches)) {
      it(`${event} is heard by ${pattern} both ways`, async () => {
        await post('emit', event, { params: 1, groups: ['jslisten'] });
        js.emit(event, 1, ['applisten']);
        await settled();
        assert.deepStrictEqual(heard.map((item) => [item.pattern, item.event]), [[pattern, event]]);
        assert.deepStrictEqual(appHeard().map(({ path, body }) => [path, body.event]), [[`/applisten/${pattern}`, event]]);
      });
    }

    for (const event of ['order', 'order.placed.twice', 'deep', 'plain.more', 'PLAIN']) {
      it(`${event} is heard by nobody`, async () => {
        await post('broadcast', event, {});
        js.broadcast(event, {});
        await settled();
        assert.deepStrictEqual(listeners(), { js: [], app: [] });
      });
    }

    it('100 emits arrive in order', async () => {
      for (let n = 0; n < 100; n++) js.emit('plain', n, ['applisten']);
      await until('all of them', () => appHeard().length === 100);
      assert.deepStrictEqual(appHeard().map(({ body }) => body.params).sort((a, b) => a - b),
        Array.from({ length: 100 }, (_, n) => n));
    });

    it('a listener that fails disturbs nobody', async () => {
      app.on('/shared/plain', () => {
        throw new Error('never answered');
      });
      app.on('/applisten/plain', () => ({}));
      js.emit('plain', 1, ['applisten', 'shared']);
      await settled();
      assert.ok((await sidecar.request('GET', '/health')).status === 200);
    });

    it('$node.connected of the sidecar is seen by JavaScript, and internal events stay at home', async () => {
      await post('emit', '$services.changed', {});
      await settled();
      assert.deepStrictEqual(heard, []);
    });
  });
}

describe('events to two sidecars with one service', () => {
  const stage = new Stage();
  after(() => stage.stop());

  it('take turns', async () => {
    await stage.nats();
    const apps = [await stage.app(), await stage.app()];
    const js = await stage.node(4, 'js');
    for (const [n, app] of apps.entries()) {
      const sidecar = await stage.sidecar({ NODEID: `sidecar-${n}` });
      await sidecar.register({ name: 'twin', settings: { baseUrl: app.url }, events: { tick: '/tick' } });
      await knowsListener(js, 'tick', `sidecar-${n}`);
    }
    for (let n = 0; n < 10; n++) js.emit('tick', n);
    await until('ten ticks', () => apps[0].requests.length + apps[1].requests.length === 10);
    assert.deepStrictEqual(apps.map((app) => app.requests.length), [5, 5]);
    js.broadcast('tick', 'all');
    await until('both', () => apps.every((app) => app.requests.length === 6));
  });
});
