// SPDX-License-Identifier: MIT
// Services that wait for others: an app's for those of a JavaScript node, and the other way round.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { call, generations, knows, named, Stage, until } from './stage.mjs';

for (const version of generations) {
  describe(`dependencies, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;
    let js;

    const schema = (name, members) =>
      ({ name, settings: { baseUrl: app.url }, actions: { run: '/run' }, ...members });
    const waiting = async () => (await sidecar.json('GET', '/ready')).body.waiting;
    const started = (name) => until(`${name} has started`, async () => !(await waiting())?.includes(name));

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/run', () => ({ response: 'ran' }));
      sidecar = await stage.sidecar({ DEPENDENCYINTERVAL: '20' });
      js = await stage.node(version, 'js');
    });
    after(() => stage.stop());

    it('nobody can call or see a service that waits', async () => {
      await sidecar.register(schema('orders', { dependencies: ['missing', { name: 'users', version: [1, 2] }] }));
      assert.deepStrictEqual((await sidecar.json('GET', '/ready')), {
        status: 200, body: { status: 'OK', waiting: ['orders'] },
      });
      const { status, body } = await call(sidecar, 'orders.run');
      assert.strictEqual(status, 404);
      assert.strictEqual(body.error.name, 'ServiceNotFoundError');
      const { body: services } = await sidecar.json('GET', '/v1/registry/services');
      assert.ok(!services.some(({ name }) => name === 'orders'));
      assert.match(sidecar.child.output, /\/ORDERS: Waiting for service\(s\) 'missing, v1\.users OR v2\.users'\.\.\./);
    });

    it('a service that waits can be unregistered', async () => {
      await sidecar.unregister('orders');
      assert.strictEqual(await waiting(), undefined);
    });

    it('it starts when a JavaScript node offers what it needs', async () => {
      await sidecar.register(schema('orders', { dependencies: { name: 'users', version: [1, 2] } }));
      js.createService({ name: 'users', version: 2, actions: { list: () => [] } });
      await started('orders');
      await knows(js, 'orders.run', 'sidecar');
      assert.strictEqual(await js.call('orders.run'), 'ran');
      assert.match(sidecar.child.output, /\/ORDERS: Service\(s\) 'v2\.users' are available\./);
    });

    it('a JavaScript node waits for a service of the app', async () => {
      js.createService({ name: 'shop', dependencies: 'v3.stock', actions: { open: () => true } });
      await sidecar.register(schema('stock', { version: 3 }));
      await js.waitForServices('shop', 5000, 20);
    });

    it('the old service goes on until its successor starts', async () => {
      await sidecar.register(schema('prices'));
      await sidecar.register(schema('prices', { actions: { walk: '/run' }, dependencies: 'coins' }));
      assert.deepStrictEqual(await waiting(), ['prices']);
      assert.strictEqual((await call(sidecar, 'prices.run')).status, 200);
      js.createService({ name: 'coins' });
      await started('prices');
      assert.strictEqual((await call(sidecar, 'prices.walk')).status, 200);
      assert.strictEqual((await call(sidecar, 'prices.run')).status, 404);
    });

    it('no more than 1,000 wait', async () => {
      const waiter = (index) => schema(`w${index}`, { dependencies: 'nothing' });
      const register = (schemas) => sidecar.json('POST', '/v1/registry/services', schemas);
      const all = Array.from({ length: 1000 }, (_, index) => waiter(index));
      assert.strictEqual((await register(all)).status, 200);

      const { status, body } = await register([schema('free'), waiter(1000)]);
      assert.deepStrictEqual({ status, body }, {
        status: 429,
        body: {
          name: 'QueueIsFullError', message: 'Too many services wait for others.', code: 429, type: 'QUEUE_FULL',
        },
      });
      assert.strictEqual((await call(sidecar, 'free.run')).status, 404);

      assert.strictEqual((await register(waiter(7))).status, 200);
      assert.strictEqual((await register(schema('free', { dependencies: '$node' }))).status, 200);
      assert.strictEqual((await call(sidecar, 'free.run')).status, 200);
      await sidecar.unregister('w0');
      assert.strictEqual((await register(waiter(1000))).status, 200);
      assert.strictEqual((await waiting()).length, 1000);
      for (let index = 1; index <= 1000; index++) {
        await sidecar.unregister(`w${index}`);
      }
    });

    it('it gives up after its time', async () => {
      await sidecar.register(schema('never', { dependencies: 'nothing', settings: { $dependencyTimeout: 60 } }));
      await until('the end of waiting', () => /Unable to start service 'never'\./.test(sidecar.child.output));
      assert.strictEqual(await waiting(), undefined);
    });
  });
}
