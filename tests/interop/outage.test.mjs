// SPDX-License-Identifier: MIT
// The NATS server away: from the start, and in between.
import assert from 'node:assert';
import { after, describe, it } from 'node:test';
import { freePort, startNats } from '../support-js/process.mjs';
import { call, faultOf, generations, isReady, knows, learns, named, Stage, until } from './stage.mjs';

const status = async (sidecar, path) => (await sidecar.request('GET', path)).status;

async function localApp(stage, sidecar) {
  const app = await stage.app();
  app.on('/hello', () => ({ response: 'hello' }));
  await sidecar.register({ name: 'local', settings: { baseUrl: app.url }, actions: { hello: '/hello' } });
  return app;
}

describe('a start without NATS', () => {
  const stage = new Stage();
  after(() => stage.stop());

  it('serves its own app, is not ready, and joins when NATS comes', async () => {
    const port = await freePort();
    stage.url = `nats://127.0.0.1:${port}`;
    const sidecar = await stage.sidecar({}, { ready: false });
    await localApp(stage, sidecar);
    assert.strictEqual(await status(sidecar, '/health'), 200);
    assert.strictEqual(await status(sidecar, '/ready'), 503);
    assert.strictEqual((await call(sidecar, 'local.hello')).body.response, 'hello');
    assert.strictEqual((await call(sidecar, 'nobody.here')).status, 404);
    await stage.nats(port);
    await isReady(sidecar);
    const js = await stage.node(5, 'js', [{ name: 'remote', actions: { a: () => 1 } }]);
    await knows(js, 'local.hello', 'sidecar');
    assert.strictEqual(await js.call('local.hello'), 'hello');
    await js.end();
  });

  it('ends at once when told to', async () => {
    const port = await freePort();
    const sidecar = await stage.doomed({ TRANSPORTER: `nats://127.0.0.1:${port}` });
    await sidecar.listening();
    const since = Date.now();
    assert.deepStrictEqual(await sidecar.stop(), { code: 0, signal: null });
    assert.ok(Date.now() - since < 3000);
  });

  it('works without any transporter', async () => {
    const sidecar = await stage.sidecar({ TRANSPORTER: undefined });
    await localApp(stage, sidecar);
    assert.strictEqual(await status(sidecar, '/ready'), 200);
    assert.strictEqual((await call(sidecar, 'local.hello')).body.response, 'hello');
  });
});

for (const version of generations) {
  describe(`NATS killed and restarted, ${named(version)}`, () => {
    const stage = new Stage();
    let nats;
    after(async () => {
      await stage.stop();
      await nats?.stop();
    });

    it('local calls go on, remote ones fail clearly, and all is found again', async () => {
      const port = await freePort();
      nats = await startNats(port);
      stage.url = nats.url;
      const sidecar = await stage.sidecar();
      const app = await localApp(stage, sidecar);
      const js = await stage.node(version, 'js', [{
        name: 'remote', actions: { a: () => 1, never: () => new Promise(() => {}) }, events: { 'to.js'() {} },
      }], { transporter: { type: 'NATS', options: { servers: [nats.url], maxReconnectAttempts: -1, reconnectTimeWait: 100 } } });
      await knows(js, 'local.hello', 'sidecar');
      await learns(sidecar, 'remote.a', 'js');
      const pending = call(sidecar, 'remote.never', { options: { timeout: 2500 } });
      await until('the call runs', async () => (await call(sidecar, 'remote.a')).status === 200);

      await nats.child.stop('SIGKILL');
      await until('the loss is seen', async () => await status(sidecar, '/ready') === 503);
      assert.strictEqual(await status(sidecar, '/health'), 200);
      assert.strictEqual((await call(sidecar, 'local.hello')).body.response, 'hello');
      const failed = await call(sidecar, 'remote.a');
      assert.strictEqual(failed.status, 502);
      assert.strictEqual(failed.body.error.name, 'BrokerDisconnectedError');
      assert.strictEqual(failed.body.error.retryable, true);
      assert.strictEqual((await sidecar.request('POST', '/v1/emit/to.js', {})).status, 200);
      assert.ok([503, 504].includes((await pending).status), 'the call that was under way fails');

      nats = await startNats(port);
      await isReady(sidecar);
      await until('remote calls work', async () => (await call(sidecar, 'remote.a')).status === 200, 12000);
      await sidecar.register({ name: 'later', settings: { baseUrl: app.url }, actions: { hello: '/hello' } });
      await knows(js, 'later.hello', 'sidecar');
      assert.strictEqual(await js.call('later.hello'), 'hello');
      const err = await faultOf(js.call('nothing.here'));
      assert.strictEqual(err.type, 'SERVICE_NOT_FOUND');
    });
  });
}
