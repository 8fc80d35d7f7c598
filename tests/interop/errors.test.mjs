// SPDX-License-Identifier: MIT
// Every kind of Moleculer error, thrown on one side and seen on the other.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { answer, call, faultOf, generations, knows, learns, moleculer, named, Stage } from './stage.mjs';

const where = { action: 'some.action', nodeID: 'elsewhere' };

/* What a service may throw; each maker gets the error classes of its generation. */
const thrown = {
  MoleculerError: (E) => new E.MoleculerError('text', 501, 'MY_TYPE', { a: 1 }),
  'MoleculerError of defaults': (E) => new E.MoleculerError('text'),
  MoleculerRetryableError: (E) => new E.MoleculerRetryableError('text', 503, 'MY_TYPE', { a: 1 }),
  MoleculerServerError: (E) => new E.MoleculerServerError('text', 500, 'MY_TYPE', { a: 1 }),
  MoleculerClientError: (E) => new E.MoleculerClientError('text', 409, 'MY_TYPE', { a: 1 }),
  ValidationError: (E) => new E.ValidationError('text', 'MY_TYPE', [{ field: 'a', type: 'required' }]),
  ServiceNotFoundError: (E) => new E.ServiceNotFoundError({ ...where }),
  ServiceNotAvailableError: (E) => new E.ServiceNotAvailableError({ ...where }),
  RequestTimeoutError: (E) => new E.RequestTimeoutError({ ...where }),
  RequestSkippedError: (E) => new E.RequestSkippedError({ ...where }),
  RequestRejectedError: (E) => new E.RequestRejectedError({ ...where }),
  QueueIsFullError: (E) => new E.QueueIsFullError({ ...where }),
  MaxCallLevelError: (E) => new E.MaxCallLevelError({ nodeID: 'elsewhere', level: 5 }),
  ServiceSchemaError: (E) => new E.ServiceSchemaError('text', { a: 1 }),
  BrokerOptionsError: (E) => new E.BrokerOptionsError('text', { a: 1 }),
  GracefulStopTimeoutError: (E) => new E.GracefulStopTimeoutError(),
  ProtocolVersionMismatchError: (E) => new E.ProtocolVersionMismatchError({ nodeID: 'x', actual: '4', received: '3' }),
  InvalidPacketDataError: (E) => new E.InvalidPacketDataError({ packet: 1 }),
  BrokerDisconnectedError: (E) => new E.BrokerDisconnectedError(),
  Error: () => new Error('text'),
  TypeError: () => new TypeError('text'),
  'a class of the application': () => Object.assign(new Error('text'), {
    name: 'TeapotError', code: 418, type: 'TEA', data: { pot: true }, retryable: true,
  }),
  'a code that is text': () => Object.assign(new Error('text'), { code: 'E_ODD' }),
  'an error of a third node': (E) => Object.assign(new E.MoleculerError('text', 500, 'T'), { nodeID: 'third' }),
};

const httpStatus = (code) => (Number.isInteger(code) && code >= 200 && code <= 999 ? code : 500);
const drop = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/*
 * What the app answers as its error, and what a JavaScript caller makes of it: the class is rebuilt by name, and
 * what the class settles (docs/protocol.md, Errors) wins over what was sent.
 */
const base = { message: 'text', code: 500, type: 'MY_TYPE', data: { a: 1 } };
const text = (name, code) => ({ sent: { ...base, name, code }, seen: { ...base, name, code, retryable: false } });
const classText = (name, code, type, message, data = where) => ({
  sent: { name, message: 'other', code: 599, type: 'OTHER', data },
  seen: { name, message, code, type, data, retryable: false },
});
const answered = {
  MoleculerError: text('MoleculerError', 501),
  MoleculerClientError: text('MoleculerClientError', 400),
  MoleculerServerError: text('MoleculerServerError', 500),
  MoleculerRetryableError: {
    sent: { ...base, name: 'MoleculerRetryableError', code: 503, retryable: true },
    seen: { ...base, name: 'MoleculerRetryableError', code: 503, retryable: true },
  },
  'MoleculerRetryableError that says nothing of retries': text('MoleculerRetryableError', 503),
  ValidationError: {
    sent: { ...base, name: 'ValidationError', code: 400 },
    seen: { ...base, name: 'ValidationError', code: 422, retryable: false },
  },
  ServiceNotFoundError: classText('ServiceNotFoundError', 404, 'SERVICE_NOT_FOUND',
    "Service 'some.action' is not found on 'elsewhere' node."),
  ServiceNotAvailableError: classText('ServiceNotAvailableError', 404, 'SERVICE_NOT_AVAILABLE',
    "Service 'some.action' is not available on 'elsewhere' node."),
  RequestTimeoutError: classText('RequestTimeoutError', 504, 'REQUEST_TIMEOUT',
    "Request is timed out when call 'some.action' action on 'elsewhere' node."),
  RequestSkippedError: classText('RequestSkippedError', 514, 'REQUEST_SKIPPED',
    "Calling 'some.action' is skipped because timeout reached on 'elsewhere' node."),
  RequestRejectedError: classText('RequestRejectedError', 503, 'REQUEST_REJECTED',
    "Request is rejected when call 'some.action' action on 'elsewhere' node."),
  QueueIsFullError: classText('QueueIsFullError', 429, 'QUEUE_FULL',
    "Queue is full. Request 'some.action' action on 'elsewhere' node is rejected."),
  MaxCallLevelError: classText('MaxCallLevelError', 500, 'MAX_CALL_LEVEL',
    "Request level is reached the limit (5) on 'elsewhere' node.", { nodeID: 'elsewhere', level: 5 }),
  'a class of the application': {
    sent: { ...base, name: 'TeapotError', code: 418, retryable: true },
    seen: { ...base, name: 'TeapotError', code: 418, retryable: true },
  },
  'no error object': { sent: undefined, status: 403, seen: { name: 'MoleculerError', code: 403, retryable: false } },
  'an error of a third node': {
    sent: { ...base, name: 'MoleculerError', nodeID: 'third' },
    seen: { ...base, name: 'MoleculerError', retryable: false },
    nodeID: 'third',
  },
};

for (const version of generations) {
  describe(`errors, ${named(version)}`, () => {
    const stage = new Stage();
    let sidecar;
    let js;
    let app;

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/fail', ({ body }) => {
        const { sent, status } = answered[body.params.kind];
        return answer(status ?? 500, sent ? { error: sent } : {});
      });
      sidecar = await stage.sidecar();
      await sidecar.register({ name: 'local', settings: { baseUrl: app.url }, actions: { fail: '/fail' } });
      const { Errors } = moleculer[version];
      js = await stage.node(version, 'js', [{
        name: 'remote',
        actions: {
          fail(ctx) {
            throw thrown[ctx.params.kind](Errors);
          },
          text() {
            throw 'only a text'; // eslint-disable-line no-throw-literal
          },
        },
      }]);
      await knows(js, 'local.fail', 'sidecar');
      await learns(sidecar, 'remote.fail', 'js');
    });
    after(() => stage.stop());

    for (const [kind, make] of Object.entries(thrown)) {
      it(`${kind} thrown by the JavaScript node reaches the HTTP caller`, async () => {
        const { name, message, code, type, data, retryable, nodeID } = make(moleculer[version].Errors);
        const { status, body } = await call(sidecar, 'remote.fail', { params: { kind } });
        assert.strictEqual(status, httpStatus(code));
        const { stack, ...error } = body.error;
        assert.strictEqual(stack, undefined, 'no stack unless asked for');
        assert.deepStrictEqual(error, drop({ name, message, code, type, data, retryable, nodeID: nodeID ?? 'js' }));
        assert.strictEqual(body.meta.$statusCode, httpStatus(code));
      });
    }

    it('a thrown text is a MoleculerError', async () => {
      const { status, body } = await call(sidecar, 'remote.text');
      assert.strictEqual(status, 500);
      assert.strictEqual(body.error.name, 'MoleculerError');
      assert.strictEqual(body.error.message, 'only a text');
    });

    for (const [kind, { seen, nodeID }] of Object.entries(answered)) {
      it(`${kind} answered by the app reaches the JavaScript caller`, async () => {
        const err = await faultOf(js.call('local.fail', { kind }));
        const got = Object.fromEntries(Object.keys(seen).map((key) => [key, err[key]]));
        assert.deepStrictEqual(got, seen);
        assert.strictEqual(err.nodeID, nodeID ?? 'sidecar');
        const known = moleculer[version].Errors[seen.name];
        if (known) assert.ok(err instanceof known, `is a ${err.constructor.name}`);
      });
    }

    it('an app that is away is an error worth a retry', async () => {
      const gone = await stage.app();
      await gone.stop();
      await sidecar.register({ name: 'gone', settings: { baseUrl: gone.url }, actions: { a: '/a' } });
      await knows(js, 'gone.a', 'sidecar');
      const err = await faultOf(js.call('gone.a'));
      assert.strictEqual(err.name, 'MoleculerRetryableError');
      assert.strictEqual(err.code, 503);
      assert.strictEqual(err.type, 'SIDECAR_APP_UNREACHABLE');
      assert.strictEqual(err.retryable, true);
      assert.strictEqual(err.nodeID, 'sidecar');
    });

    it('the JavaScript node retries what is worth it', async () => {
      let calls = 0;
      app.on('/again', () => {
        calls++;
        return calls < 3
          ? answer(503, { error: { name: 'MoleculerRetryableError', message: 'again', code: 503, retryable: true } })
          : { response: calls };
      });
      await sidecar.register({
        name: 'again', settings: { baseUrl: app.url },
        actions: { a: { handler: '/again', retryPolicy: { enabled: true, retries: 5, delay: 10 } } },
      });
      await knows(js, 'again.a', 'sidecar');
      assert.strictEqual(await js.call('again.a'), 3);
    });
  });
}
