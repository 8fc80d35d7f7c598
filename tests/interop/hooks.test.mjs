// SPDX-License-Identifier: MIT
// Hooks and fallbacks: the same service on a Moleculer.js node with functions and behind the sidecar with URLs, called by
// the same callers, gives the same.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { answer, call, faultOf, generations, knows, learns, named, Stage, until } from './stage.mjs';

const boom = (message, code = 500) => Object.assign(new Error(message), { name: 'MoleculerError', code, type: 'BOOM' });

/* What each function does with the call: in JavaScript and, over HTTP, in the app. order collects who ran. */
const deeds = {
  greet: ({ params }) => `hello ${params.name}`,
  fail: () => {
    throw boom('handler failed', 503);
  },
  trim: (call) => {
    call.params = { ...call.params, name: String(call.params.name).trim() };
  },
  mark: (call) => {
    call.meta.marked = call.hook;
  },
  forbid: () => {
    throw boom('forbidden', 403);
  },
  loud: (call) => call.response.toUpperCase(),
  ask: (call) => `${call.response}?`,
  wrap: (call) => {
    throw boom(`wrapped: ${call.error.message}`, 418);
  },
  mend: (call) => `mended ${call.error.message}`,
  instead: (call) => ({ instead: call.params, of: call.error.message }),
};

/* A hook of a Moleculer.js service: the deed, told what it is. */
const inJavaScript = (order, hook, name) => async (ctx, value) => {
  order.push(`${hook}:${name}`);
  const told = {
    hook, params: ctx.params, meta: ctx.meta, ...(hook === 'after' && { response: value }),
    ...((hook === 'error' || hook === 'fallback') && { error: value }),
  };
  const result = deeds[name](told);
  ctx.params = told.params;
  if (hook === 'error' && result === undefined) throw value;
  return hook === 'after' && result === undefined ? value : result;
};

const mapValues = (object, map) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
const eachHook = (value, map) => (Array.isArray(value) ? value.map(map) : map(value));

/* Hooks are names of deeds. */
const javaScriptService = (definition, order) => ({
  name: definition.name,
  hooks: mapValues(definition.hooks, (sets, hook) =>
    mapValues(sets, (value) => eachHook(value, (name) => inJavaScript(order, hook, name)))),
  actions: mapValues(definition.actions, ({ handler, hooks = {}, fallback, ...rest }) => ({
    ...rest,
    hooks: mapValues(hooks, (value, hook) => eachHook(value, (name) => inJavaScript(order, hook, name))),
    ...(fallback && { fallback: inJavaScript(order, 'fallback', fallback) }),
    handler(ctx) {
      order.push(`handler:${handler}`);
      return deeds[handler]({ params: ctx.params, meta: ctx.meta });
    },
  })),
});

const url = (name) => `/${name}`;
const postedSchema = (definition, baseUrl) => ({
  name: definition.name,
  settings: { baseUrl },
  hooks: mapValues(definition.hooks, (sets) => mapValues(sets, (value) => eachHook(value, url))),
  actions: mapValues(definition.actions, ({ handler, hooks = {}, fallback, ...rest }) => ({
    ...rest, handler: url(handler), hooks: mapValues(hooks, (value) => eachHook(value, url)),
    ...(fallback && { fallback: url(fallback) }),
  })),
});

function serve(app, order) {
  for (const [name, deed] of Object.entries(deeds)) {
    app.on(url(name), ({ body }) => {
      order.push(`${body.hook ?? 'handler'}:${name}`);
      try {
        const response = deed(body);
        return { response, params: body.params, meta: body.meta };
      } catch ({ message, code, type }) {
        return answer(code, { error: { message, code, type } });
      }
    });
  }
}

const definition = {
  name: 'hooked',
  hooks: {
    before: { '*': 'mark', 'tri*': 'trim', 'no|none': 'forbid' },
    after: { '*': 'ask', greet: ['loud', 'ask'] },
    error: { '*': 'wrap', 'mended|half': 'mend' },
  },
  actions: {
    greet: { handler: 'greet' },
    trimmed: { handler: 'greet', hooks: { before: 'trim', after: ['loud'] } },
    none: { handler: 'greet' },
    failing: { handler: 'fail' },
    mended: { handler: 'fail', hooks: { error: 'wrap' } },
    half: { handler: 'fail', hooks: { error: ['mend', 'wrap'] } },
    late: { handler: 'greet', hooks: { after: 'forbid' } },
    instead: { handler: 'fail', fallback: 'instead' },
    twice: { handler: 'fail', fallback: 'fail', retryPolicy: { enabled: true, retries: 1, delay: 1 } },
  },
};

const told = ({ name, message, code, type }) => ({ name, message, code, type });

for (const version of generations) {
  describe(`hooks and fallbacks, ${named(version)}`, () => {
    const stage = new Stage();
    const orders = { js: [], sidecar: [] };
    let caller;
    let sidecar;
    let js;

    /* The outcome of a call, and who ran for it. */
    async function outcome(order, run) {
      order.length = 0;
      const result = await run().then((value) => ({ value }), (err) => ({ error: told(err) }));
      return { ...result, order: [...order] };
    }

    before(async () => {
      await stage.nats();
      const app = await stage.app();
      serve(app, orders.sidecar);
      js = await stage.node(version, 'js', [javaScriptService({ ...definition, name: 'js' }, orders.js)]);
      caller = await stage.node(version, 'caller');
      sidecar = await stage.sidecar();
      await sidecar.register(postedSchema(definition, app.url));
      await knows(caller, 'hooked.greet', 'sidecar');
      await knows(caller, 'js.greet', 'js');
      await learns(sidecar, 'js.greet', 'js');
    });
    after(() => stage.stop());

    for (const action of Object.keys(definition.actions)) {
      it(`${action}: a remote caller sees the same`, async () => {
        const params = { name: ' Ada ' };
        const there = await outcome(orders.js, () => caller.call(`js.${action}`, params, { meta: { own: 1 } }));
        const here = await outcome(orders.sidecar, () => caller.call(`hooked.${action}`, params, { meta: { own: 1 } }));
        assert.deepStrictEqual(here, there);
      });

      it(`${action}: a local caller sees the same`, async () => {
        const params = { name: ' Ada ' };
        const there = await outcome(orders.js, () => js.call(`js.${action}`, params));
        const here = await outcome(orders.sidecar, async () => {
          const { body } = await call(sidecar, `hooked.${action}`, { params });
          if (body.error) throw body.error;
          return body.response;
        });
        assert.deepStrictEqual(here, there);
      });
    }

    it('what a hook sets in meta comes back', async () => {
      const { body } = await call(sidecar, 'hooked.greet', { params: { name: 'x' }, meta: { own: 1 } });
      assert.deepStrictEqual(body.meta, { own: 1, marked: 'before' });
    });

    it('a call brings its own fallback, for own and remote actions', async () => {
      for (const action of ['hooked.failing', 'js.failing']) {
        const { status, body } = await call(sidecar, action, { options: { fallbackResponse: { instead: true } } });
        assert.strictEqual(status, 200);
        assert.deepStrictEqual(body.response, { instead: true });
      }
      const { body } = await sidecar.json('POST', '/v1/mcall', {
        calls: [{ action: 'hooked.failing', options: { fallbackResponse: 5 } }, { action: 'js.failing' }],
        options: { fallbackResponse: 6 },
      });
      assert.deepStrictEqual(body.response, [5, 6]);
      assert.strictEqual(await caller.call('hooked.failing', {}, { fallbackResponse: 'own' }), 'own');
    });

    it('a call may bring a URL, or any value, for its fallback', async () => {
      const app = await stage.app();
      app.on('/instead', ({ body }) => ({ response: [body.action, body.hook, body.error.message, body.params] }));
      app.on('/worse', () => answer(418, { error: { message: 'worse' } }));
      const told = (action, message) => [200, [action, 'fallback', message, [1]]];
      for (const action of ['hooked.failing', 'js.failing']) {
        const plain = await call(sidecar, action, { params: [1] });
        const { message } = plain.body.error;
        for (const [fallback, expected] of [
          [`${app.url}/instead`, told(action, message)], [{ url: `${app.url}/instead` }, told(action, message)],
          [{ url: `${app.url}/worse` }, [418, 'worse']], ['http://127.0.0.1:1/', [plain.status, message]],
        ]) {
          const { status, body } = await call(sidecar, action, { params: [1], options: { fallback } });
          assert.deepStrictEqual([status, body.error?.message ?? body.response], expected);
        }
        for (const value of [null, 0, { a: 1 }]) {
          const { status, body } = await call(sidecar, action, { options: { fallback: { value } } });
          assert.deepStrictEqual([status, body.response], [200, value]);
        }
      }
      const { body } = await sidecar.json('POST', '/v1/mcall', {
        calls: [{ action: 'js.failing', options: { fallback: `${app.url}/instead` } }], settled: true,
      });
      assert.strictEqual(body.response[0].value[1], 'fallback');
      for (const fallback of [5, 'relative', 'ftp://x', {}, { url: 5 }, { url: '/x' }, { value: 1, url: app.url }, []]) {
        const { status, body: { data } } = await call(sidecar, 'js.failing', { options: { fallback } });
        assert.deepStrictEqual([status, data[0].field], [422, 'options.fallback'], JSON.stringify(fallback));
      }
    });

    it('a fallback may be a value, or an action of the same service', async () => {
      const app = await stage.app();
      app.on('/fail', () => answer(500, { error: { message: 'no' } }));
      app.on('/other', ({ body }) => ({ response: [body.hook, body.error.message, body.params] }));
      await sidecar.register({
        name: 'fallbacks', settings: { baseUrl: app.url },
        actions: {
          value: { handler: '/fail', fallback: { value: null } },
          reference: { handler: '/fail', fallback: 'other' },
          other: { handler: '/other', visibility: 'private' },
        },
      });
      await knows(caller, 'fallbacks.value', 'sidecar');
      assert.strictEqual(await caller.call('fallbacks.value'), null);
      assert.deepStrictEqual(await caller.call('fallbacks.reference', { a: 1 }), ['fallback', 'no', { a: 1 }]);
    });

    it('a fallback that is away leaves the error as it is', async () => {
      const app = await stage.app();
      app.on('/fail', () => answer(409, { error: { message: 'the first', type: 'FIRST' } }));
      await sidecar.register({
        name: 'away', settings: { baseUrl: app.url },
        actions: {
          fallback: { handler: '/fail', fallback: 'http://127.0.0.1:1/' },
          hook: { handler: '/fail', hooks: { error: 'http://127.0.0.1:1/' } },
        },
      });
      for (const action of ['away.fallback', 'away.hook']) {
        const { status, body } = await call(sidecar, action);
        assert.deepStrictEqual([status, body.error.message, body.error.type], [409, 'the first', 'FIRST']);
      }
    });

    it('a fallback answers when the time of the call is up, with as much time again', async () => {
      const app = await stage.app();
      app.on('/never', () => new Promise(() => {}));
      app.on('/instead', ({ body, headers }) => ({ response: [body.error.type, headers['x-timeout-ms'] > 50] }));
      await sidecar.register({
        name: 'slow', settings: { baseUrl: app.url },
        actions: { never: { handler: '/never', timeout: 100, fallback: '/instead' } },
      });
      const { body } = await call(sidecar, 'slow.never');
      assert.deepStrictEqual(body.response, ['REQUEST_TIMEOUT', true]);
    });

    it('hooks of a service that is replaced are the new ones', async () => {
      const app = await stage.app();
      app.on('/x', ({ body }) => ({ response: body.params }));
      app.on('/one', () => ({ params: 1 }));
      app.on('/two', () => ({ params: 2 }));
      const schema = (hook) => ({
        name: 'replaced', settings: { baseUrl: app.url }, hooks: { before: { x: hook } }, actions: { x: '/x' },
      });
      await sidecar.register(schema('/one'));
      assert.strictEqual((await call(sidecar, 'replaced.x')).body.response, 1);
      await sidecar.register(schema('/two'));
      assert.strictEqual((await call(sidecar, 'replaced.x')).body.response, 2);
    });
  });
}

for (const version of generations) {
  describe(`headers of calls and events, ${named(version)}`, () => {
    const stage = new Stage();
    const seen = [];
    let app;
    let node;
    let sidecar;

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/headers', ({ body }) => ({ response: body.headers ?? null, headers: { 'x-from': 'app' } }));
      app.on('/event', () => ({}));
      node = await stage.node(version, 'js', [{
        name: 'js',
        actions: {
          headers(ctx) {
            if (ctx.responseHeaders) ctx.responseHeaders['x-from'] = 'js';
            return ctx.headers ?? null;
          },
        },
        events: { 'js.event': (ctx) => seen.push(ctx.headers ?? null) },
      }]);
      sidecar = await stage.sidecar();
      await sidecar.register({
        name: 'app', settings: { baseUrl: app.url }, actions: { headers: '/headers' }, events: { 'app.event': '/event' },
      });
      await learns(sidecar, 'js.headers', 'js');
      await knows(node, 'app.headers', 'sidecar');
    });
    after(() => stage.stop());

    /* Only protocol 5 has headers. */
    const received = (headers) => (version === 5 ? headers : null);

    it('from HTTP to a node and back', async () => {
      const { body } = await call(sidecar, 'js.headers', { options: { headers: { tenant: 'a', n: 1.50 } } });
      assert.deepStrictEqual(body.response, received({ tenant: 'a', n: 1.5 }));
      assert.deepStrictEqual(body.headers, version === 5 ? { 'x-from': 'js' } : undefined);
    });

    it('from a node to the app', async () => {
      assert.deepStrictEqual(await node.call('app.headers', {}, { headers: { tenant: 'b' } }), received({ tenant: 'b' }));
      assert.deepStrictEqual(await node.call('app.headers'), null);
    });

    it('from HTTP to the own app and back', async () => {
      const { body } = await call(sidecar, 'app.headers', { options: { headers: { tenant: 'c' } } });
      assert.deepStrictEqual(body, { response: { tenant: 'c' }, meta: {}, headers: { 'x-from': 'app' } });
    });

    it('with events, both ways', async () => {
      await sidecar.json('POST', '/v1/emit/js.event', { options: { headers: { a: 1 } } });
      await until('the node has the event', () => seen.length > 0);
      assert.deepStrictEqual(seen, [received({ a: 1 })]);
      await sidecar.json('POST', '/v1/emit/app.event', { options: { headers: { b: 2 } } });
      assert.deepStrictEqual(app.at('/event').map(({ body }) => body.headers), [{ b: 2 }]);
    });

    it('that are no object are refused', async () => {
      for (const [path, body] of [
        ['/v1/call/js.headers', { options: { headers: 'x' } }], ['/v1/emit/js.event', { options: { headers: [] } }],
        ['/v1/mcall', { calls: [{ action: 'js.headers', options: { headers: 1 } }] }],
      ]) {
        const { status, body: { data } } = await sidecar.json('POST', path, body);
        assert.strictEqual(status, 422);
        assert.match(data[0].field, /options\.headers$/);
      }
    });
  });
}
