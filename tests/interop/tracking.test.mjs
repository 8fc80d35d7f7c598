// SPDX-License-Identifier: MIT
// Services that stop while they are called: with tracking they wait, as those of a Moleculer.js node do.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { call, generations, knows, named, Stage, until } from './stage.mjs';

/* Promises that are kept when they are told to. */
function gate() {
  const waiting = [];
  return {
    wait: () => new Promise((resolve) => {
      waiting.push(resolve);
    }),
    open: () => waiting.splice(0).forEach((resolve) => resolve()),
    get n() {
      return waiting.length;
    },
  };
}

for (const version of generations) {
  describe(`tracking, ${named(version)}`, () => {
    const stage = new Stage();
    const gates = { js: gate(), app: gate() };
    let app;
    let caller;
    let js;
    let sidecar;

    const schema = (settings = {}) => ({
      name: 'slow', settings: { baseUrl: app.url, ...settings }, actions: { run: '/run' }, events: { 'slow.event': '/run' },
    });
    const jsSchema = (settings = {}) => ({
      name: 'jslow', settings, actions: { run: () => gates.js.wait().then(() => 'ended') },
    });

    /* Both kinds of nodes: starts a call, removes the service, and tells how it went. */
    const kinds = {
      'a Moleculer.js node': {
        gate: gates.js,
        set(settings) {
          js.createService(jsSchema(settings));
          return js.waitForServices('jslow');
        },
        known: () => knows(caller, 'jslow.run', 'js'),
        call: (options) => caller.call('jslow.run', {}, options),
        local: (options) => js.call('jslow.run', {}, options),
        remove: () => js.destroyService('jslow'),
      },
      'the sidecar': {
        gate: gates.app,
        set: (settings) => sidecar.register(schema(settings)),
        known: () => knows(caller, 'slow.run', 'sidecar'),
        call: (options) => caller.call('slow.run', {}, options),
        local: (options) => call(sidecar, 'slow.run', { options }).then(({ body }) => body.response),
        remove: () => sidecar.unregister('slow'),
      },
    };

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/run', () => gates.app.wait().then(() => ({ response: 'ended' })));
      js = await stage.node(version, 'js', [], { tracking: { enabled: true, shutdownTimeout: 5000 } });
      caller = await stage.node(version, 'caller');
      sidecar = await stage.sidecar({ TRACKING_ENABLED: 'true', TRANSIT_SERVICECHANGEDDEBOUNCETIME: '0' });
    });
    after(async () => {
      gates.js.open();
      gates.app.open();
      await stage.stop();
    });

    for (const [name, kind] of Object.entries(kinds)) {
      it(`${name}: a service goes when its last call has ended`, async () => {
        await kind.set();
        await kind.known();
        const running = kind.call();
        await until('it runs', () => kind.gate.n === 1);
        let isGone = false;
        const removed = Promise.resolve(kind.remove()).then(() => {
          isGone = true;
        });
        const second = kind.local(); // it can still be called
        await until('the second runs', () => kind.gate.n === 2);
        assert.strictEqual(isGone, false);
        kind.gate.open();
        assert.deepStrictEqual(await Promise.all([running, second]), ['ended', 'ended']);
        await removed;
      });

      it(`${name}: $shutdownTimeout limits it`, async () => {
        await kind.set({ $shutdownTimeout: 200 });
        const running = kind.local();
        await until('it runs', () => kind.gate.n === 1);
        await kind.remove();
        assert.strictEqual(kind.gate.n, 1);
        kind.gate.open();
        await running.catch(() => {});
      });

      it(`${name}: a call with tracking: false is not waited for`, async () => {
        await kind.set();
        const running = kind.local({ tracking: false });
        await until('it runs', () => kind.gate.n === 1);
        await kind.remove();
        assert.strictEqual(kind.gate.n, 1);
        kind.gate.open();
        await running.catch(() => {});
      });
    }

    it('events are waited for, too', async () => {
      await sidecar.register(schema());
      const emitted = sidecar.json('POST', '/v1/emit/slow.event');
      await until('it runs', () => gates.app.n === 1);
      let isGone = false;
      const removed = sidecar.unregister('slow').then(() => {
        isGone = true;
      });
      assert.strictEqual((await call(sidecar, '$node.list')).status, 200);
      assert.strictEqual(isGone, false);
      gates.app.open();
      await Promise.all([removed, emitted]);
    });

    it('a sidecar that is told to stop waits for calls to its app', async () => {
      const other = await stage.doomed({ NODEID: 'other', TRACKING_ENABLED: 'true' });
      await other.listening();
      await other.register({ name: 'late', settings: { baseUrl: app.url }, actions: { run: '/run' } });
      await knows(caller, 'late.run', 'other');
      const running = caller.call('late.run');
      await until('it runs', () => gates.app.n === 1);
      other.child.process.kill('SIGTERM');
      await until('it has left the registry', () => !caller.registry.hasService('late'));
      gates.app.open();
      assert.strictEqual(await running, 'ended');
    });
  });
}
