// SPDX-License-Identifier: MIT
// Several calls in one request: POST /v1/mcall.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { Connection } from '../support-js/http.mjs';
import { answer, generations, hang, learns, named, Stage, until } from './stage.mjs';

const sleep = (ms) => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

/* A request with exactly this body, on a connection of its own. */
function send(port, body) {
  const client = new Connection(port);
  client.send(`POST /v1/mcall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return client;
}

for (const version of generations) {
  describe(`several calls in one, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;

    const mcall = (body, options) => sidecar.json('POST', '/v1/mcall', body, options);
    const schema = () => ({
      name: 'local', settings: { baseUrl: app.url },
      actions: {
        echo: '/echo', meta: '/meta', none: '/none', slow: '/slow', fail: '/fail', never: '/never', outer: '/outer',
        big: '/big',
      },
    });
    const remote = {
      name: 'remote',
      actions: {
        double: (ctx) => ctx.params.n * 2,
        sleep: (ctx) => sleep(ctx.params.ms).then(() => 'slept'),
        context: ({ level, caller, requestID }) => ({ level, caller, requestID }),
        fail() {
          throw Object.assign(new Error('remote fault'), { code: 418, type: 'TEA' });
        },
      },
    };

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/echo', ({ body }) => ({ response: body.params }));
      app.on('/meta', ({ body }) => ({ response: body.meta, meta: { added: body.params } }));
      app.on('/big', ({ body }) => ({ response: 'b'.repeat(body.params.bytes) }));
      app.on('/none', () => ({}));
      app.on('/slow', async ({ body }) => {
        await sleep(body.params.ms);
        app.slowEnded = true;
        return { response: 'slow' };
      });
      app.on('/fail', () => answer(409, { error: { message: 'no', type: 'CONFLICT', data: { x: 1 } } }));
      app.on('/never', () => hang);
      app.on('/outer', async ({ headers }) => {
        const { body } = await mcall({ calls: [{ action: 'remote.context' }, { action: 'local.meta', params: 1 }] },
          { headers: { 'X-Parent-ID': headers['x-context-id'] } });
        return { response: body };
      });
      sidecar = await stage.sidecar();
      await sidecar.register(schema());
      await stage.node(version, 'js', [remote]);
      await learns(sidecar, 'remote.double', 'js');
    });
    after(() => stage.stop());

    it('a list gives a list in its order, whoever is first', async () => {
      const { status, body } = await mcall({
        calls: [
          { action: 'local.slow', params: { ms: 60 } }, { action: 'remote.double', params: { n: 4 } },
          { action: 'local.echo', params: [1, 'x'] }, { action: 'local.none' },
        ],
      });
      assert.strictEqual(status, 200);
      assert.deepStrictEqual(body, { response: ['slow', 8, [1, 'x'], null], meta: [{}, {}, {}, {}] });
    });

    it('an object gives an object', async () => {
      const { body } = await mcall({
        calls: { b: { action: 'remote.double', params: { n: 1 } }, 'a "x"': { action: 'local.echo' } },
      });
      assert.deepStrictEqual(body, { response: { b: 2, 'a "x"': {} }, meta: { b: {}, 'a "x"': {} } });
      assert.deepStrictEqual(Object.keys(body.response), ['b', 'a "x"']);
    });

    it('they run at the same time', async () => {
      const since = Date.now();
      await mcall({ calls: Array.from({ length: 10 }, () => ({ action: 'remote.sleep', params: { ms: 100 } })) });
      assert.ok(Date.now() - since < 900);
    });

    it('each has its meta', async () => {
      const { body } = await mcall({
        calls: [{ action: 'local.meta', params: 5, meta: { own: 1 } }, { action: 'local.meta', params: 6, meta: null }],
      });
      assert.deepStrictEqual(body.response, [{ own: 1 }, {}]);
      assert.deepStrictEqual(body.meta, [{ own: 1, added: 5 }, { added: 6 }]);
    });

    it('own options stand in place of the common ones', async () => {
      const call = { action: 'remote.sleep', params: { ms: 300 } };
      const { body } = await mcall({
        calls: [call, { ...call, options: {} }, { ...call, options: { timeout: 50 } }], options: { timeout: 100 },
        settled: true,
      });
      assert.deepStrictEqual(body.response.map(({ status, value, reason }) => value ?? `${status} ${reason.code}`),
        ['rejected 504', 'slept', 'rejected 504']);
    });

    it('the first failure is the answer, as if it had been called alone', async () => {
      app.slowEnded = false;
      const since = Date.now();
      const calls = [{ action: 'local.slow', params: { ms: 400 } }, { action: 'local.fail' }, { action: 'remote.fail' }];
      const { status, body } = await mcall({ calls: calls.slice(0, 2) });
      assert.ok(Date.now() - since < 350);
      assert.strictEqual(status, 409);
      assert.strictEqual(body.error.type, 'CONFLICT');
      assert.deepStrictEqual(body.meta, { $statusCode: 409 });
      await until('the other call has run to its end', () => app.slowEnded);
    });

    it('what is still to be tried again after the answer ends', async () => {
      const other = await stage.sidecar({ NODEID: 'other-again' });
      const retryPolicy = { enabled: true, delay: 600000, maxDelay: 600000 };
      await other.register({
        name: 'other', settings: { baseUrl: app.url },
        actions: { again: { handler: '/again', retryPolicy }, later: '/later', again2: { handler: '/again2', retryPolicy } },
      });
      const again = () => answer(503, { error: { message: 'not yet', retryable: true } });
      let answered;
      const once = new Promise((resolve) => {
        answered = resolve;
      });
      app.on('/again', again);
      app.on('/again2', () => once.then(again));
      app.on('/later', async () => {
        await until('the others have been asked', () => app.at('/again').length + app.at('/again2').length === 2);
        return answer(409, { error: { message: 'no' } });
      });
      app.clear();
      const options = { retries: 1e9 };
      const { status } = await other.json('POST', '/v1/mcall', {
        calls: [{ action: 'other.again', options }, { action: 'other.again2', options }, { action: 'other.later' }],
      });
      assert.strictEqual(status, 409);
      answered();
      await other.end();
      assert.strictEqual(app.at('/again').length + app.at('/again2').length, 2);
      assert.doesNotMatch(other.child.output, /running context.*given up/);
    });

    it('failures at once give one answer', async () => {
      const { status, body } = await mcall({ calls: [{ action: 'no.one' }, { action: 'no.two' }, { action: 'no.three' }] });
      assert.strictEqual(status, 404);
      assert.deepStrictEqual(body.error.data, { action: 'no.one' });
    });

    it('settled tells of each how it ended', async () => {
      const calls = { good: { action: 'local.echo', params: 1 }, bad: { action: 'local.fail' },
        remote: { action: 'remote.fail' }, none: { action: 'local.none' }, gone: { action: 'no.one' } };
      const expected = (body) => {
        assert.deepStrictEqual(body.good, { status: 'fulfilled', value: 1 });
        assert.deepStrictEqual(body.none, { status: 'fulfilled' });
        const { retryable, nodeID, ...reason } = body.bad.reason;
        assert.strictEqual(body.bad.status, 'rejected');
        assert.deepStrictEqual(reason,
          { name: 'MoleculerError', message: 'no', code: 409, type: 'CONFLICT', data: { x: 1 } });
        assert.strictEqual(body.remote.reason.message, 'remote fault');
        assert.strictEqual(body.remote.reason.nodeID, 'js');
        assert.strictEqual(body.gone.reason.name, 'ServiceNotFoundError');
      };
      const byName = await mcall({ calls, settled: true });
      assert.strictEqual(byName.status, 200);
      expected(byName.body.response);
      assert.deepStrictEqual(byName.body.meta, { good: {}, bad: {}, remote: {}, none: {}, gone: {} });

      const listed = await mcall({ calls: Object.values(calls), settled: true });
      assert.strictEqual(listed.status, 200);
      expected(Object.fromEntries(Object.keys(calls).map((key, i) => [key, listed.body.response[i]])));
    });

    it('no calls give an empty answer', async () => {
      assert.deepStrictEqual((await mcall({ calls: [] })).body, { response: [], meta: [] });
      assert.deepStrictEqual((await mcall({ calls: {} })).body, { response: {}, meta: {} });
    });

    it('of a key that stands twice the last call counts', async () => {
      const client = send(sidecar.port, '{"calls":{"a":{"action":"no.one"},"b":{"action":"local.echo","params":2},' +
        '"\\u0061":{"action":"local.echo","params":1}}}');
      const { body } = await client.read({ method: 'POST' });
      client.destroy();
      assert.strictEqual(body, '{"response":{"a":1,"b":2},"meta":{"a":{},"b":{}}}');
    });

    it('calls below another call belong to it', async () => {
      const { body } = await sidecar.json('POST', '/v1/call/local.outer', {}, { headers: { 'X-Request-ID': 'whole' } });
      assert.deepStrictEqual(body.response.response[0], { level: 2, caller: 'local', requestID: 'whole' });
      assert.deepStrictEqual(body.meta, { added: 1 });
    });

    const faults = {
      'no calls': [{}, 'required', 'calls'],
      'calls that are a text': [{ calls: 'x' }, 'array', 'calls'],
      'a body that is a list': [[{ action: 'local.echo' }], 'required', 'calls'],
      'settled that is a text': [{ calls: [], settled: 'yes' }, 'boolean', 'settled'],
      'common options that are a list': [{ calls: [], options: [] }, 'object', 'options'],
      'a call that is a text': [{ calls: [{ action: 'local.echo' }, 'local.echo'] }, 'object', 'calls[1]'],
      'a call without action': [{ calls: { a: {} } }, 'required', 'calls.a.action'],
      'an action that is a number': [{ calls: { a: { action: 1 } } }, 'string', 'calls.a.action'],
      'a blank action': [{ calls: [{ action: ' ' }] }, 'stringEmpty', 'calls[0].action'],
      'meta that is a list': [{ calls: [{ action: 'local.echo', meta: [] }] }, 'object', 'calls[0].meta'],
      'options that are a text': [{ calls: [{ action: 'local.echo', options: 'x' }] }, 'object', 'calls[0].options'],
      'too many calls': [{ calls: Array(1001).fill({ action: 'local.echo' }) }, 'arrayMax', 'calls'],
    };
    for (const [what, [request, type, field]] of Object.entries(faults)) {
      it(`refuses ${what}, and calls nobody`, async () => {
        app.clear();
        const { status, body } = await mcall(request);
        assert.strictEqual(status, 422);
        assert.strictEqual(body.type, 'VALIDATION_ERROR');
        assert.deepStrictEqual([body.data[0].type, body.data[0].field], [type, field]);
        assert.strictEqual(app.requests.length, 0);
      });
    }

    for (const settled of [false, true]) {
      it(`results that are too large together are an error, ${settled ? '' : 'not '}settled`, async () => {
        const call = (bytes) => ({ action: 'local.big', params: { bytes } });
        const mebibyte = 2 ** 20;
        const good = await mcall({ calls: Array(4).fill(call(mebibyte)), settled });
        assert.strictEqual(good.status, 200);
        assert.strictEqual(good.body.response.length, 4);
        const { status, body } = await mcall({ calls: Array(40).fill(call(mebibyte)), settled });
        assert.strictEqual(status, 500);
        assert.deepStrictEqual(body,
          { name: 'MoleculerError', message: 'The answer is too large.', code: 500, type: 'ANSWER_TOO_LARGE' });
        assert.strictEqual((await mcall({ calls: [call(1)] })).status, 200);
      });
    }

    it('takes a thousand calls', async () => {
      const calls = Array.from({ length: 1000 }, (_, n) => ({ action: 'local.echo', params: n }));
      const { body } = await mcall({ calls });
      assert.deepStrictEqual(body.response, calls.map(({ params }) => params));
    });

    for (const settled of [false, true]) {
      it(`gives up the calls of a client that goes away, ${settled ? 'settled or' : ''} not`, async () => {
        const other = await stage.sidecar({ NODEID: `other-${settled}` });
        await other.register({ ...schema(), name: 'other' });
        app.clear();
        const calls = Array(3).fill({ action: 'other.never' });
        const client = send(other.port, JSON.stringify({ calls, settled }));
        await until('the app has all calls', () => app.at('/never').length === 3);
        client.destroy();
        await other.request('GET', '/health');
        await other.end();
        assert.doesNotMatch(other.child.output, /running context/);
      });
    }
  });
}
