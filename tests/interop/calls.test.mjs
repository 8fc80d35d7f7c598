// SPDX-License-Identifier: MIT
// Calls between the sidecar and nodes of each generation: values, context, meta, timeouts.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { answer, call, faultOf, generations, hang, knows, learns, named, Stage } from './stage.mjs';

const context = ({ params, meta, level, caller, requestID, parentID, nodeID, id }) =>
  ({ params, meta, level, caller, requestID, parentID, nodeID, id });

/* The service of the JavaScript node. */
const remote = {
  name: 'remote',
  actions: {
    context,
    value: (ctx) => ctx.params.value,
    nothing: () => undefined,
    setMeta(ctx) {
      Object.assign(ctx.meta, ctx.params);
      return 'set';
    },
    failWithMeta(ctx) {
      ctx.meta.seen = true;
      throw new Error('after meta');
    },
    checked: { params: { n: { type: 'number', min: 1 } }, handler: (ctx) => ctx.params.n },
    sleep: (ctx) => new Promise((resolve) => {
      setTimeout(() => resolve('slept'), ctx.params.ms);
    }),
    limited: { timeout: 150, handler: () => new Promise(() => {}) },
    async relay(ctx) {
      const response = await ctx.call(ctx.params.action, ctx.params.params, ctx.params.opts);
      return { response, meta: ctx.meta, requestID: ctx.requestID, id: ctx.id };
    },
  },
};

const local = (url) => ({
  name: 'local',
  version: 2,
  settings: { baseUrl: url },
  actions: {
    echo: '/echo',
    value: '/value',
    none: '/none',
    meta: '/meta',
    never: '/never',
    limited: { handler: '/never', timeout: 150 },
    checked: { handler: '/echo', params: { n: 'number|min:1' } },
  },
});

const values = {
  object: { a: 1, b: { c: [true, false, null] } }, list: [1, 'two', null], text: 'h\u00e9llo \u{1f600} \u2028',
  'empty text': '', number: 3.25, zero: 0, 'negative number': -1e-7, true: true, false: false, null: null,
};

for (const version of generations) {
  describe(`calls, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;
    let js;

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/echo', ({ body }) => ({ response: body }));
      app.on('/value', ({ body }) => ({ response: body.params.value }));
      app.on('/none', () => ({}));
      app.on('/meta', ({ body }) => ({ response: body.meta, meta: { added: 'by app', replaced: 2 } }));
      app.on('/never', () => hang);
      app.on('/fail', () => answer(500, { error: { message: 'x' } }));
      sidecar = await stage.sidecar();
      await sidecar.register(local(app.url));
      js = await stage.node(version, 'js', [remote]);
      await knows(js, 'v2.local.echo', 'sidecar');
      await learns(sidecar, 'remote.context', 'js');
    });
    after(() => stage.stop());

    for (const [what, value] of Object.entries(values)) {
      it(`carries ${what} as params and result both ways`, async () => {
        const { body } = await call(sidecar, 'remote.value', { params: { value } });
        assert.deepStrictEqual(body.response, value);
        assert.deepStrictEqual(await js.call('v2.local.value', { value }), value);
      });
    }

    it('carries no result as none', async () => {
      const { status, body } = await call(sidecar, 'remote.nothing');
      assert.deepStrictEqual({ status, body }, { status: 200, body: { meta: {} } });
      assert.strictEqual(await js.call('v2.local.none'), undefined);
    });

    it('gives the JavaScript node a whole context', async () => {
      const { body } = await call(sidecar, 'remote.context', { params: { a: 1 }, meta: { m: 1 } },
        { headers: { 'X-Request-ID': 'my-request' } });
      const { id, parentID, ...rest } = body.response;
      assert.match(id, /^[0-9a-f-]{36}$/);
      assert.ok(parentID === null || parentID === undefined, `parentID ${parentID}`);
      assert.deepStrictEqual(rest, {
        params: { a: 1 }, meta: { m: 1 }, level: 1, caller: '$sidecar', requestID: 'my-request', nodeID: 'sidecar',
      });
    });

    it('gives the app the request of the JavaScript node', async () => {
      const body = await js.call('v2.local.echo', { a: [1] }, { meta: { user: { id: 5 } } });
      const { options, ...rest } = body;
      assert.deepStrictEqual(rest, {
        action: 'v2.local.echo', nodeID: 'js', params: { a: [1] }, meta: { user: { id: 5 } },
      });
      assert.deepStrictEqual(options, {});
    });

    it('tells the app how long the caller waits', async () => {
      const { options } = await js.call('v2.local.echo', {}, { timeout: 4000 });
      assert.ok(options.timeout > 3000 && options.timeout <= 4000, `timeout ${options.timeout}`);
      const header = app.at('/echo').at(-1).headers['x-timeout-ms'];
      assert.match(header, /^\d+$/);
      assert.ok(Number(header) > 3000 && Number(header) <= 4000, `X-Timeout-Ms ${header}`);
    });

    it('tells the app of no limit when there is none', async () => {
      await js.call('v2.local.echo', {}, { timeout: 0 });
      assert.strictEqual(app.at('/echo').at(-1).headers['x-timeout-ms'], undefined);
    });

    it('merges meta of the JavaScript node into the answer', async () => {
      const { body } = await call(sidecar, 'remote.setMeta', { params: { b: 2, c: 3 }, meta: { a: 1, b: 1 } });
      assert.deepStrictEqual(body, { response: 'set', meta: { a: 1, b: 2, c: 3 } });
    });

    it('merges meta of a failed call too', async () => {
      const { status, body } = await call(sidecar, 'remote.failWithMeta', { meta: { a: 1 } });
      assert.strictEqual(status, 500);
      assert.deepStrictEqual(body.meta, { a: 1, seen: true, $statusCode: 500 });
    });

    it('merges meta of the app into the context of the JavaScript caller', async () => {
      const opts = { meta: { kept: 1, replaced: 1 } };
      const { response, meta } = await js.call('remote.relay', { action: 'v2.local.meta' }, opts);
      assert.deepStrictEqual(response, { kept: 1, replaced: 1 });
      assert.deepStrictEqual(meta, { kept: 1, replaced: 2, added: 'by app' });
    });

    it('reports params the JavaScript node refuses', async () => {
      const { status, body } = await call(sidecar, 'remote.checked', { params: { n: 0 } });
      assert.strictEqual(status, 422);
      assert.strictEqual(body.error.name, 'ValidationError');
      assert.strictEqual(body.error.nodeID, 'js');
      assert.strictEqual(body.error.data[0].type, 'numberMin');
      assert.strictEqual(body.error.data[0].action, 'remote.checked');
    });

    it('ends a call of the app after its timeout', async () => {
      const since = Date.now();
      const { status, body } = await call(sidecar, 'remote.sleep', { params: { ms: 3000 }, options: { timeout: 150 } });
      assert.ok(Date.now() - since < 1500);
      assert.strictEqual(status, 504);
      assert.strictEqual(body.error.name, 'RequestTimeoutError');
      assert.strictEqual(body.error.type, 'REQUEST_TIMEOUT');
      assert.strictEqual(body.error.data.action, 'remote.sleep');
    });

    it('keeps to the timeout of the JavaScript schema', async () => {
      const { status, body } = await call(sidecar, 'remote.limited');
      assert.strictEqual(status, 504);
      assert.strictEqual(body.error.name, 'RequestTimeoutError');
    });

    it('a timeout of the call wins over that of the schema', async () => {
      const since = Date.now();
      const { status } = await call(sidecar, 'remote.limited', { options: { timeout: 600 } });
      assert.strictEqual(status, 504);
      assert.ok(Date.now() - since >= 550, `after ${Date.now() - since} ms`);
    });

    it('the JavaScript node keeps to the timeout of the app\'s schema', async () => {
      const err = await faultOf(js.call('v2.local.limited'));
      assert.strictEqual(err.name, 'RequestTimeoutError');
      assert.strictEqual(err.code, 504);
      assert.strictEqual(err.retryable, true);
      assert.strictEqual(err.data.action, 'v2.local.limited');
    });

    it('the JavaScript node ends its call after its timeout', async () => {
      const err = await faultOf(js.call('v2.local.never', {}, { timeout: 150 }));
      assert.strictEqual(err.type, 'REQUEST_TIMEOUT');
    });

    it('an unknown action on this node is told to the JavaScript caller', async () => {
      const err = await faultOf(js.call('v2.local.unknown', {}, { nodeID: 'sidecar' }));
      assert.strictEqual(err.type, 'SERVICE_NOT_FOUND');
      assert.strictEqual(err.code, 404);
    });

    it('$node actions are called both ways', async () => {
      const mine = await js.call('$node.services', { withActions: true }, { nodeID: 'sidecar' });
      assert.ok(mine.some(({ fullName }) => fullName === 'v2.local'));
      const { body } = await call(sidecar, '$node.list');
      assert.deepStrictEqual(body.response.map(({ id }) => id).sort(), ['js', 'sidecar']);
    });

    it('200 calls at once each get their own answer', async () => {
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      const there = await Promise.all(numbers.map((value) => js.call('v2.local.value', { value })));
      assert.deepStrictEqual(there, numbers);
      const back = await Promise.all(numbers.map((value) => call(sidecar, 'remote.value', { params: { value } })));
      assert.deepStrictEqual(back.map(({ body }) => body.response), numbers);
    });

    it('half a megabyte goes both ways', async () => {
      const value = 'x'.repeat(500_000);
      assert.strictEqual((await call(sidecar, 'remote.value', { params: { value } })).body.response, value);
      assert.strictEqual(await js.call('v2.local.value', { value }), value);
    });
  });
}

describe('the broker\'s request timeout', () => {
  const stage = new Stage();
  after(() => stage.stop());

  it('limits calls that have no other', async () => {
    await stage.nats();
    const sidecar = await stage.sidecar({ REQUESTTIMEOUT: '200' });
    const js = await stage.node(5, 'js', [remote]);
    await learns(sidecar, 'remote.sleep', 'js');
    const { status, body } = await call(sidecar, 'remote.sleep', { params: { ms: 3000 } });
    assert.strictEqual(status, 504);
    assert.strictEqual(body.error.type, 'REQUEST_TIMEOUT');
    const longer = await call(sidecar, 'remote.sleep', { params: { ms: 400 }, options: { timeout: 3000 } });
    assert.deepStrictEqual(longer.body.response, 'slept');
    await js.end();
  });
});
