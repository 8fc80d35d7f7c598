// SPDX-License-Identifier: MIT
// How a sidecar leaves: announced, with running calls finished, and at once when told twice.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { call, faultOf, generations, hang, isReady, knows, learns, named, Stage, until } from './stage.mjs';

for (const version of generations) {
  describe(`leaving, ${named(version)}`, () => {
    const stage = new Stage();
    let wire;
    let js;
    let app;
    let release;

    before(async () => {
      await stage.nats();
      wire = await stage.wire();
      app = await stage.app();
      app.on('/slow', () => new Promise((resolve) => {
        release = () => resolve({ response: 'finished' });
      }));
      app.on('/never', () => hang);
      js = await stage.node(version, 'js', [{ name: 'remote', actions: { a: () => 1 } }]);
    });
    after(() => stage.stop());

    const start = async (env = {}) => {
      const sidecar = await stage.doomed({ NODEID: 'leaver', ...env });
      await sidecar.listening();
      await isReady(sidecar);
      await sidecar.register({
        name: 'local', settings: { baseUrl: app.url }, actions: { slow: '/slow', never: '/never' },
      });
      await knows(js, 'local.slow', 'leaver');
      await learns(sidecar, 'remote.a', 'js');
      app.clear();
      wire.forget();
      return sidecar;
    };

    for (const signal of ['SIGTERM', 'SIGINT']) {
      it(`${signal}: INFO without services, the running calls finish, DISCONNECT, exit code 0`, async () => {
        const sidecar = await start();
        const remote = js.call('local.slow', {}, { timeout: 8000 });
        await until('the app has the call', () => app.at('/slow').length === 1);
        const releaseRemote = release;
        const own = call(sidecar, 'local.slow', {}, { timeout: 8000 });
        await until('the app has both calls', () => app.at('/slow').length === 2);
        const ended = sidecar.stop(signal);
        await wire.packet('INFO without services', ({ type, packet }) =>
          type === 'INFO' && packet?.sender === 'leaver' && packet.services.length === 0);
        await until('js sends no more calls', () => !js.registry.actions.get('local.slow')?.endpoints.length);
        assert.strictEqual(sidecar.child.exit, null);
        assert.deepStrictEqual(wire.heard('DISCONNECT', 'leaver'), []);
        releaseRemote();
        release();
        assert.strictEqual(await remote, 'finished');
        assert.strictEqual((await own).body.response, 'finished');
        assert.deepStrictEqual(await ended, { code: 0, signal: null });
        await wire.packet('DISCONNECT', ({ type, packet }) => type === 'DISCONNECT' && packet?.sender === 'leaver');
        const order = wire.heard(null, 'leaver').map(({ type }) => type).filter((type) => type !== 'HEARTBEAT');
        assert.ok(order.indexOf('RES') > order.indexOf('INFO'), order.join());
        assert.ok(order.indexOf('DISCONNECT') > order.lastIndexOf('RES'), order.join());
      });
    }

    it('a request that comes late is refused as not available', async () => {
      const sidecar = await start();
      const running = faultOf(js.call('local.never', {}, { timeout: 6000 }));
      await until('the app has the call', () => app.at('/never').length === 1);
      const ended = sidecar.stop();
      await until('js sends no more calls', () => !js.registry.actions.get('local.slow')?.endpoints.length);
      const refused = await until('a refusal', async () => {
        wire.send('REQ.leaver', { ver: String(version), sender: 'stranger', id: 'late', action: 'local.never' });
        return wire.heard('RES', 'leaver').find(({ packet }) => packet.id === 'late' && !packet.success);
      });
      assert.strictEqual(refused.packet.error.name, 'ServiceNotAvailableError');
      sidecar.child.process.kill('SIGTERM');
      await ended;
      await running;
    });

    it('a second signal ends it at once', async () => {
      const sidecar = await start();
      const running = faultOf(js.call('local.never', {}, { timeout: 6000 }));
      await until('the app has the call', () => app.at('/never').length === 1);
      sidecar.child.process.kill('SIGTERM');
      await wire.packet('INFO without services', ({ type, packet }) =>
        type === 'INFO' && packet?.sender === 'leaver' && packet.services.length === 0);
      const since = Date.now();
      sidecar.child.process.kill('SIGTERM');
      await until('it has ended', () => sidecar.child.exit, 1500);
      assert.ok(Date.now() - since < 1000);
      assert.notStrictEqual(sidecar.child.exit.code, 0);
      await running;
    });
  });
}
