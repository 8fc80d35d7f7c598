// SPDX-License-Identifier: MIT
// Calls an app makes while it serves one: they belong to it (level, request, meta, time that is left).
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { answer, call, faultOf, generations, knows, learns, named, Stage, until } from './stage.mjs';

for (const version of generations) {
  describe(`nested calls, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;
    let js;

    /* Handler that calls an action through the sidecar, below the request it serves. */
    const passOn = (action) => async ({ body, headers }) => {
      const inner = await call(sidecar, action, { params: body.params, meta: { inner: true } },
        { headers: { 'X-Parent-ID': headers['x-context-id'] } });
      return inner.body.error
        ? answer(inner.status, { error: inner.body.error })
        : { response: { below: inner.body.response, meta: inner.body.meta, contextID: headers['x-context-id'] } };
    };

    before(async () => {
      await stage.nats();
      app = await stage.app();
      sidecar = await stage.sidecar({ MAXCALLLEVEL: '5' });
      app.on('/toContext', passOn('remote.context'));
      app.on('/toSleep', passOn('remote.sleep'));
      app.on('/toMeta', passOn('remote.setMeta'));
      app.on('/round', passOn('remote.round'));
      app.on('/emits', async ({ headers }) => {
        await sidecar.request('POST', '/v1/emit/below', { params: 1 }, 5000,
          { 'X-Parent-ID': headers['x-context-id'] });
        return { response: headers['x-context-id'] };
      });
      await sidecar.register({
        name: 'mid', version: 3, settings: { baseUrl: app.url },
        actions: {
          toContext: '/toContext', toSleep: '/toSleep', toMeta: '/toMeta', round: '/round', emits: '/emits',
        },
      });
      js = await stage.node(version, 'js', [{
        name: 'remote',
        actions: {
          context: ({ level, caller, requestID, parentID, meta, options }) =>
            ({ level, caller, requestID, parentID, meta, timeout: options.timeout }),
          sleep: (ctx) => new Promise((resolve) => {
            setTimeout(() => resolve('slept'), ctx.params.ms);
          }),
          setMeta(ctx) {
            ctx.meta.deep = 'yes';
          },
          round: (ctx) => ctx.call('v3.mid.round', {}),
        },
        events: {
          below(ctx) {
            js.below = { level: ctx.level, caller: ctx.caller, requestID: ctx.requestID, parentID: ctx.parentID };
          },
        },
      }]);
      await knows(js, 'v3.mid.toContext', 'sidecar');
      await learns(sidecar, 'remote.context', 'js');
    });
    after(() => stage.stop());

    it('is one level below, in the same request, with the meta of both', async () => {
      const opts = { meta: { outer: true }, requestID: 'whole-request' };
      const { below, contextID } = await js.call('v3.mid.toContext', {}, opts);
      const { timeout, ...context } = below;
      assert.deepStrictEqual(context, {
        level: 2, caller: 'v3.mid', requestID: 'whole-request', parentID: contextID,
        meta: { outer: true, inner: true },
      });
    });

    it('without the header it is a call of its own', async () => {
      const { body } = await call(sidecar, 'remote.context');
      assert.strictEqual(body.response.level, 1);
      assert.strictEqual(body.response.caller, '$sidecar');
    });

    it('an unknown parent does no harm', async () => {
      const { status, body } = await call(sidecar, 'remote.context', {}, { headers: { 'X-Parent-ID': 'nobody' } });
      assert.strictEqual(status, 200);
      assert.strictEqual(body.response.level, 1);
    });

    it('gets the time that is left', async () => {
      const { below } = await js.call('v3.mid.toContext', {}, { timeout: 3000 });
      assert.ok(below.timeout > 1000 && below.timeout <= 3000, `timeout ${below.timeout}`);
    });

    it('ends when the time of the outer call is over', async () => {
      const since = Date.now();
      const err = await faultOf(js.call('v3.mid.toSleep', { ms: 3000 }, { timeout: 300 }));
      assert.strictEqual(err.type, 'REQUEST_TIMEOUT');
      assert.ok(Date.now() - since < 2000);
    });

    it('hands meta up to the outer caller', async () => {
      const ctx = js.call('v3.mid.toMeta', {}, { meta: { outer: 1 } });
      const { meta } = await ctx;
      assert.strictEqual(meta.deep, 'yes');
      assert.strictEqual(ctx.ctx.meta.deep, 'yes');
    });

    it('an emit below it carries its request', async () => {
      const parentID = await js.call('v3.mid.emits', {}, { requestID: 'event-request' });
      await until('the event', () => js.below);
      assert.deepStrictEqual(js.below, { level: 2, caller: 'v3.mid', requestID: 'event-request', parentID });
    });

    it('the call level has its limit', async () => {
      const err = await faultOf(js.call('v3.mid.round'));
      assert.strictEqual(err.name, 'MaxCallLevelError');
      assert.strictEqual(err.code, 500);
      assert.deepStrictEqual(err.data, { nodeID: 'sidecar', level: 5 });
    });
  });
}
