// SPDX-License-Identifier: MIT
// One service on several nodes: round robin, preferLocal, and the transporter's own balancer.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { call, generations, knows, knowsListener, learns, named, Stage, until } from './stage.mjs';

const count = (list) => list.reduce((sums, item) => ({ ...sums, [item]: (sums[item] ?? 0) + 1 }), {});
const times = async (n, run) => {
  const results = [];
  for (let i = 0; i < n; i++) results.push(await run(i));
  return results;
};
const who = (nodeID) => ({ name: 'who', actions: { ami: () => nodeID } });

for (const version of generations) {
  describe(`balancing, ${named(version)}`, () => {
    const stage = new Stage();
    let first;
    let second;
    let js;

    before(async () => {
      await stage.nats();
      js = await stage.node(version, 'js', [who('js')]);
      const start = async (nodeID, env) => {
        const app = await stage.app();
        app.on('/ami', () => ({ response: nodeID }));
        const sidecar = await stage.sidecar({ NODEID: nodeID, ...env });
        await sidecar.register({
          name: 'twin', settings: { baseUrl: app.url }, actions: { ami: '/ami', far: '/ami' },
        });
        await sidecar.register({ name: 'who', settings: { baseUrl: app.url }, actions: { ami: '/ami' } });
        return sidecar;
      };
      first = await start('first', {});
      second = await start('second', { REGISTRY_PREFERLOCAL: 'false' });
      for (const nodeID of ['first', 'second']) await knows(js, 'twin.ami', nodeID);
      for (const sidecar of [first, second]) {
        await learns(sidecar, 'twin.ami', 'first', 'second');
        await learns(sidecar, 'who.ami', 'first', 'second', 'js');
      }
    });
    after(() => stage.stop());

    it('the JavaScript node calls two sidecars in turn', async () => {
      const answers = await times(10, () => js.call('twin.ami'));
      assert.deepStrictEqual(count(answers), { first: 5, second: 5 });
      for (let n = 1; n < 10; n++) assert.notStrictEqual(answers[n], answers[n - 1]);
    });

    it('a sidecar prefers its own app', async () => {
      const answers = await times(6, async () => (await call(first, 'twin.ami')).body.response);
      assert.deepStrictEqual(count(answers), { first: 6 });
    });

    it('a sidecar without that preference calls all in turn, the JavaScript node too', async () => {
      const answers = await times(9, async () => (await call(second, 'who.ami')).body.response);
      assert.deepStrictEqual(count(answers), { first: 3, second: 3, js: 3 });
    });

    it('the JavaScript node reaches each node by its id', async () => {
      for (const nodeID of ['first', 'second']) {
        assert.strictEqual(await js.call('twin.ami', {}, { nodeID }), nodeID);
      }
    });

    it('a service that is unregistered is called no more', async () => {
      await second.unregister('twin');
      await until('js has one endpoint', () => js.registry.actions.get('twin.ami').endpoints.length === 1);
      const answers = await times(4, () => js.call('twin.ami'));
      assert.deepStrictEqual(count(answers), { first: 4 });
      await learns(first, 'twin.ami', 'first');
    });
  });

  describe(`the transporter's balancer, ${named(version)}`, () => {
    const stage = new Stage();
    let js;
    let apps;
    let sidecars;
    let wire;

    before(async () => {
      await stage.nats();
      wire = await stage.wire();
      js = await stage.node(version, 'js', [{
        name: 'remote', actions: { ami: () => 'js' },
      }], { disableBalancer: true });
      /* It subscribes what is balanced when it tells its services to all; INFO may have reached others before. */
      await wire.packet('INFO of js to all', ({ type, target, packet }) =>
        type === 'INFO' && !target && packet.services.some(({ name }) => name === 'remote'));
      apps = [await stage.app(), await stage.app()];
      sidecars = [];
      for (const [n, app] of apps.entries()) {
        app.on('/ami', () => ({ response: n }));
        const sidecar = await stage.sidecar({ NODEID: `sidecar-${n}`, DISABLEBALANCER: 'true' });
        await sidecar.register({
          name: 'twin', settings: { baseUrl: app.url }, actions: { ami: '/ami' }, events: { tick: '/tick', 'a.*': '/a' },
        });
        sidecars.push(sidecar);
        await knows(js, 'twin.ami', `sidecar-${n}`);
        await knowsListener(js, 'tick', `sidecar-${n}`);
        await learns(sidecar, 'remote.ami', 'js');
      }
    });
    after(() => stage.stop());

    it('each call is answered by one sidecar, and both get some', async () => {
      const answers = await times(60, () => js.call('twin.ami', {}, { timeout: 3000 }));
      const sums = count(answers);
      assert.strictEqual(sums[0] + sums[1], 60);
      assert.ok(sums[0] > 0 && sums[1] > 0, JSON.stringify(sums));
    });

    it('calls from HTTP to other nodes go through it as well', async () => {
      const caller = await stage.sidecar({ NODEID: 'caller', DISABLEBALANCER: 'true' });
      await learns(caller, 'twin.ami', 'sidecar-0', 'sidecar-1');
      wire.forget();
      const sums = count(await times(60, async () => (await call(caller, 'twin.ami')).body.response));
      assert.strictEqual(sums[0] + sums[1], 60);
      assert.ok(sums[0] > 0 && sums[1] > 0, JSON.stringify(sums));
      assert.strictEqual(wire.heard('REQB', 'caller').length, 60);
    });

    it('the JavaScript node is called', async () => {
      assert.strictEqual((await call(sidecars[0], 'remote.ami')).body.response, 'js');
    });

    it('an emit reaches one sidecar of the group, a broadcast both', async () => {
      const heard = (path) => apps.map((app) => app.at(path).length);
      for (let n = 0; n < 40; n++) js.emit('tick', n);
      await until('40 ticks', () => heard('/tick')[0] + heard('/tick')[1] >= 40);
      assert.strictEqual(heard('/tick')[0] + heard('/tick')[1], 40);
      js.emit('a.b', 1);
      await until('a.b', () => heard('/a')[0] + heard('/a')[1] === 1);
      js.broadcast('tick', 'all');
      await until('both', () => heard('/tick')[0] + heard('/tick')[1] === 42);
    });

    it('a new service is called too, and one that is removed is not', async () => {
      apps[0].on('/late', () => ({ response: 'late' }));
      await sidecars[0].register({ name: 'late', settings: { baseUrl: apps[0].url }, actions: { a: '/late' } });
      await knows(js, 'late.a', 'sidecar-0');
      assert.strictEqual(await js.call('late.a', {}, { timeout: 3000 }), 'late');
      await sidecars[0].unregister('late');
      await until('late is gone', () => !js.registry.actions.get('late.a')?.endpoints.length);
      await assert.rejects(js.call('late.a', {}, { timeout: 1000 }), { code: 404 });
    });
  });
}
