// SPDX-License-Identifier: MIT
// Nodes that die without a word, and come back.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import {
  call, faultOf, generations, hang, isReady, knows, learns, named, QUICK, quick, registryNode, sees, Stage, until,
} from './stage.mjs';

for (const version of generations) {
  describe(`crashes, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/never', () => hang);
      app.on('/ok', () => ({ response: 'ok' }));
      sidecar = await stage.sidecar(QUICK);
    });
    after(() => stage.stop());

    it('a killed JavaScript node is missed, calls to it are rejected, and it may return', async () => {
      const far = await stage.nodeProcess(version, 'far');
      await learns(sidecar, 'far.whoami', 'far');
      assert.strictEqual((await call(sidecar, 'far.whoami')).body.response, 'far');
      const pending = call(sidecar, 'far.never', {}, { timeout: 12000 });
      await until('the call runs there', async () => (await registryNode(sidecar, 'far')).available);
      await far.stop('SIGKILL');
      const { status, body } = await pending;
      assert.strictEqual(status, 503);
      assert.strictEqual(body.error.name, 'RequestRejectedError');
      assert.strictEqual(body.error.retryable, true);
      assert.deepStrictEqual(body.error.data, { action: 'far.never', nodeID: 'far' });
      assert.strictEqual((await registryNode(sidecar, 'far')).available, false);
      assert.strictEqual((await call(sidecar, 'far.whoami')).status, 404);

      const again = await stage.nodeProcess(version, 'far');
      await learns(sidecar, 'far.whoami', 'far');
      assert.strictEqual((await call(sidecar, 'far.whoami')).body.response, 'far');
      await again.stop('SIGTERM');
      await learns(sidecar, 'far.whoami');
    });

    it('a killed sidecar is missed by the JavaScript node, and may return', async () => {
      const js = await stage.node(version, 'js', [{ name: 'remote', actions: { a: () => 1 } }], quick);
      const start = async () => {
        const victim = await stage.doomed({ NODEID: 'victim', ...QUICK });
        await victim.listening();
        await isReady(victim);
        await victim.register({
          name: 'mortal', settings: { baseUrl: app.url }, actions: { ok: '/ok', never: '/never' },
        });
        await knows(js, 'mortal.ok', 'victim');
        return victim;
      };
      const victim = await start();
      assert.strictEqual(await js.call('mortal.ok'), 'ok');
      const pending = faultOf(js.call('mortal.never'));
      await until('the app has the call', () => app.at('/never').length > 0);
      await victim.stop('SIGKILL');
      const err = await pending;
      assert.strictEqual(err.name, 'RequestRejectedError');
      await sees(js, 'victim', false);
      const reborn = await start();
      assert.strictEqual(await js.call('mortal.ok'), 'ok');
      assert.strictEqual((await reborn.stop()).code, 0);
      await js.end();
    });

    it('a node that returns before it was missed is followed', async () => {
      const first = await stage.nodeProcess(version, 'phoenix');
      await learns(sidecar, 'far.whoami', 'phoenix');
      await first.stop('SIGKILL');
      const second = await stage.nodeProcess(version, 'phoenix');
      await until('it answers', async () => (await call(sidecar, 'far.whoami')).body.response === 'phoenix');
      await second.stop('SIGTERM');
      await learns(sidecar, 'far.whoami');
    });
  });
}
