// SPDX-License-Identifier: MIT
// Where the sidecar deliberately differs from the record, and what it does instead. Nothing else may differ.
// docs/compatibility.md is written from this file (compatibility.mjs).
import { loadCases } from './cases.mjs';
import { matching } from './compare.mjs';

const { any, has, oneOf, text } = matching;

const REASONS = {
  200: 'OK', 400: 'Bad Request', 404: 'Not Found', 422: 'Unprocessable Entity', 431: 'Request Header Fields Too Large',
  500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};
const HEADERS = [
  ['X-Request-ID', '<UUID>'], ['Content-Type', 'application/json; charset=utf-8'],
  ['Connection', 'keep-alive'], ['Keep-Alive', 'timeout=5'],
];
const CLOSING = [['Content-Type', 'application/json; charset=utf-8'], ['Connection', 'close']];

/* --- expected values --- */

const answer = (status, json) => ({
  response: { status, reason: REASONS[status], headers: HEADERS, json, connection: 'open' },
});
const flat = (status, members = {}) => answer(status, has({ name: text, message: text, code: status, ...members }));
const refused = { ...flat(400), after: { remote_registry_entry: null } };
/* Refused with 400 or 422: which of the two is not laid down. */
const refusedSomehow = {
  response: {
    status: oneOf(400, 422), headers: HEADERS, json: has({ name: text, message: text, code: oneOf(400, 422) }),
  },
  after: { remote_registry_entry: null },
};
const parserError = (status) => ({
  response: {
    status, reason: REASONS[status], headers: CLOSING, connection: 'closed',
    json: has({ name: text, message: text, code: status, type: text }),
  },
});
const callError = (status, error, meta = {}) => answer(status, {
  error: has({ name: text, message: text, ...error }), meta: { ...meta, $statusCode: status },
});
const notFound = (action) => callError(404, {
  name: 'ServiceNotFoundError', message: `Service '${action}' is not found.`, code: 404, type: 'SERVICE_NOT_FOUND',
  data: { action },
});
const saw = (error) => ({ caller_saw: { error: has({ message: text, ...error }) } });
const sawResult = (result, meta) => ({ caller_saw: { result, ctx_meta_after: meta } });
const sawNotFound = (action) => saw({
  class: 'ServiceNotFoundError', message: `Service '${action}' is not found.`, code: 404, data: { action },
});
const registered = { ...answer(200, { status: 'OK' }) };
const withWarnings = answer(200, {
  status: 'OK', warnings: (list) => (Array.isArray(list) && list.length > 0) || 'a list of warnings',
});

const post = (path, body) => ({
  method: 'POST', path, body: JSON.stringify(body),
  headers: [['Host', '127.0.0.1:<SIDECAR_PORT>'], ['Content-Type', 'application/json'],
    ['Content-Length', String(Buffer.byteLength(JSON.stringify(body)))]],
});
const register = (schema) => post('/v1/registry/services', schema);

/* --- kinds of cases --- */

const number = (n) => String(n).padStart(3, '0');
const range = (prefix, from, to) => Array.from({ length: to - from + 1 }, (_, i) => `${prefix}-${number(from + i)}`);
const each = (ids, change) => Object.fromEntries([ids].flat().map((id) => [id, change]));

const UNREACHABLE = {
  name: 'MoleculerRetryableError', code: 503, type: 'SIDECAR_APP_UNREACHABLE', retryable: true,
  data: has({ action: text, reason: text }),
};
const BAD_ANSWER = { name: 'MoleculerError', code: 502, type: 'SIDECAR_APP_BAD_ANSWER', retryable: false };
const INVALID_URL = { name: 'MoleculerError', code: 500, type: 'INVALID_HANDLER_URL', retryable: false };

const remotely = (error) => saw({ class: error.name, nodeID: 'sidecar', ...error });
const overHttp = (error, meta) =>
  callError(error.code, { ...error, retryable: oneOf(error.retryable, undefined) }, meta);
/* A pair map-N (remote caller) and maph-N (HTTP caller) of one fault. */
const faults = (error, ...numbers) => Object.assign({}, ...numbers.map((n) => ({
  [`map-${number(n)}`]: remotely(error),
  [`maph-${number(n)}`]: overHttp(error, { m: 1 }),
})));
const results = (n, result) => ({
  [`map-${number(n)}`]: sawResult(result, { m: 1 }),
  [`maph-${number(n)}`]: answer(200, { ...(result === '<undefined>' ? {} : { response: result }), meta: { m: 1 } }),
});
const errors = (n, status, error) => ({
  [`map-${number(n)}`]: saw({ nodeID: 'sidecar', retryable: false, ...error }),
  [`maph-${number(n)}`]: callError(status, error, { m: 1 }),
});

const ownCode = (code) => callError(500, { name: 'Error', message: 'custom code', code, nodeID: 'remote' });

const showingLevelThree = () => loadCases()
  .filter(({ expected }) => expected.remote_events?.length || expected.response?.body?.includes('"level":3'))
  .map(({ id }) => id);

const atLevelOne = (expected) => ({
  ...expected,
  response: expected.response && {
    ...expected.response,
    body: expected.response.body?.replace('"level":3', '"level":1').replace('"hasParent":true', '"hasParent":false'),
  },
  remote_events: expected.remote_events?.map((event) => ({ ...event, level: 1 })),
});

const eitherEnd = (expected) => {
  const body = JSON.parse(expected.response.body);
  const { action } = body.error.data;
  return {
    ...expected,
    response: {
      ...expected.response,
      json: {
        error: has({
          name: 'RequestTimeoutError', code: 504, type: 'REQUEST_TIMEOUT',
          message: oneOf(...['remote', 'sidecar'].map(
            (node) => `Request is timed out when call '${action}' action on '${node}' node.`)),
          data: { action, nodeID: oneOf('remote', 'sidecar') },
        }),
        meta: { $statusCode: 504 },
      },
    },
  };
};

const listedServices = has({
  name: text, fullName: text, settings: any, metadata: any, actions: any, events: any,
});
const nodesWithServices = (list) => (Array.isArray(list) && list.length === 2 &&
  list.every(({ services }) => Array.isArray(services) && services.length > 0 &&
    services.every((service) => listedServices(service) === true))) || 'two nodes with their services';

const outboundOf = (url, body) => [{
  method: 'POST', url, httpVersion: '1.1', body: JSON.stringify(body),
  headers: [['Content-Type', 'application/json'], ['Accept', '*/*'], ['User-Agent', ''],
    ['Accept-Encoding', 'gzip,deflate'], ['Host', '127.0.0.1:<EXT_PORT>']],
}];

const aliveAfter = {
  GET_registry_nodes: 200, POST_call_hello: 200, hello_body: '{"response":"Hello Moleculer","meta":{}}',
  process: 'running', sidecar_service_visible: false, node_service_visible: true,
};

const numbers = (...keys) => has(Object.fromEntries(keys.map(
  (key) => [key, (value) => typeof value === 'number' || 'a number'])));

/* --- what holds for all cases --- */

/** Rules that the comparison applies everywhere, as [the original, the sidecar]. */
export const everywhere = [
  ['Errors show a `stack`.', 'No stack traces.'],
  ['Errors of a call do not tell whether a retry makes sense.', 'They may have `retryable` after the other members.'],
  ['Error answers of the endpoints are chunked, or end with the connection.', 'Every answer has a Content-Length.'],
  ['The text of JSON syntax errors is that of its JavaScript engine.', 'Own text; `name`, `code` and `type` agree.'],
  ['One connection to the app for every request (`Connection: close`).', 'Connections to the app are kept alive.'],
  ['Requests to the app have no id.',
    'They have `X-Request-ID` and `X-Context-ID`, with a limit `X-Timeout-Ms`, when it is tried again `X-Retry-Attempt`.'],
  ['Nothing tells whether a failed call may be repeated.', '`X-Repeat-Safe` does, and `X-Retry-Attempts` how often it has been.'],
  ['`hooks` and `fallback` of a definition are published, which makes remote callers of 0.14 and 0.15 fail.',
    'They stay on the node.'],
  ['`User-Agent` of node-fetch.', '`moleculer-sidecar/<version>`.'],
  ['`options` in requests to the app is always empty.',
    '`options.timeout` has the milliseconds that are left, when there is a limit.'],
  ['`$sidecar` is published to the cluster and listed with its settings.',
    '`$sidecar` is neither published nor listed.'],
  ['Lists of the registry stand in the order of arrival; `local` of a grouped service belongs to the first entry.',
    'The order may differ; `local` is true when the own node has the service.'],
  ['A retry of a direct call (`nodeID`) may go to another node.', 'It goes to the same node.'],
  ['Shard fails with `INVALID_ENDPOINT` for the keys of a node whose breaker is open.',
    'The next node on the ring serves them meanwhile.'],
  ['Latency that a definition asks for after the start never pings; a host that is gone keeps its time.',
    'It pings from then on; the time goes with the last node of the host.'],
  ['Rules of `params` are pasted into JavaScript: some throw when they are compiled or run (`label: true`, an object for ' +
    '`currency`), quotes and backslashes in texts break or become code.',
    'Texts are data; such rules are refused with a reason, or do what they say. The rules `class` and `custom` with a list ' +
    'are refused; `objectID` takes 24 hexadecimal digits.'],
  ['A date that a rule has made is a Date for the rules that see it next; V8 takes many more texts for dates.',
    'It is a text. Dates are ISO 8601, RFC 1123 or what Date prints, and milliseconds.'],
  ['Where `lock.staleTime` is set, Memory answers with results that are over until they are swept out, and with a `ttl` of the ' +
    'cacher every use begins their time anew.', 'The time of a result runs on; when it is over it is none.'],
  ['Checks of `params` take what time and memory they take; a pattern may block the node for minutes.',
    'They are bounded in proportion to the parameters; what takes more is refused with the one fault `limit`.'],
  ['Patterns are what V8 compiles; rules may have any size.',
    'Patterns with the flag `v` or with look-behind of variable length are refused, and schemas above the limits of docs/api.md.'],
  ['Values of a wrong type in a schema count as absent, or fail later.', 'They are refused with their path.'],
  ['`client` of a node tells the version of Node.js.', '`client` tells what the sidecar is.'],
];

/* --- what holds for some --- */

/** Each: what the original does, what the sidecar does and why, and the expected members of each case. */
export const excused = [
  {
    original: 'Calls and events from HTTP are at level 3, below two inner calls of the original.',
    ours: 'Level 1: there are no inner calls. The caller stays `$sidecar`.',
    why: 'The level tells how deep a call is nested.',
    cases: each(showingLevelThree(), atLevelOne),
  },
  {
    original: 'Bodies over 102,400 bytes are 413.',
    ours: 'The limit is `SIDECAR_BODY_LIMIT`, 4 MiB by default. The replay sets 102,400 and gets the recorded answers.',
    why: 'Apps send more than that; the answer of an app was never limited to it.',
    cases: each(['reg-111', 'reg-112', 'reg-113', 'reg-120', 'call-195'], {}),
  },
  {
    original: 'A registration that fails has already destroyed the service it was to replace.',
    ours: 'A refused schema changes nothing.',
    why: 'A mistake in a new schema must not take a working service down.',
    cases: {
      'reg-026': {
        after: {
          remote_registry_entry: {
            name: 'reg-re', fullName: 'reg-re', settings: {}, metadata: {},
            actions: { 'reg-re.two': { rawName: 'two', name: 'reg-re.two' } }, events: {},
          },
        },
      },
      'reg-027': {
        ...answer(200, { response: 'Hello from external', meta: {} }),
        outbound: outboundOf('/ok/hello',
          { action: 'reg-re.two', nodeID: 'sidecar', params: {}, meta: {}, options: {} }),
      },
    },
  },
  {
    original: 'A list of schemas is 422, although its README speaks of one or more.',
    ours: 'All of them are registered, or none.',
    why: 'As documented by the original.',
    cases: { 'reg-052': { ...registered, after: { arr1: 'registered', arr2: 'registered' } } },
  },
  {
    original: 'Schema members that need JavaScript are ignored, or end in a 500.',
    ours: '400 with a list of them.',
    why: 'What cannot be done is said, not ignored.',
    cases: {
      ...each(['reg-096', 'reg-100', 'reg-102', 'reg-103', 'reg-104', 'reg-105'], refused),
      'reg-101': { ...notFound('reg-hook.x'), outbound: undefined },
      'out-056': {
        request: register({ name: 'ext-fb', actions: { fb: { handler: 'http://127.0.0.1:1/', fallback: 'static' } } }),
        ...refused, caller_saw: undefined, outbound: undefined,
      },
    },
  },
  {
    original: 'An app that cannot be reached is an error of the HTTP library, not retryable; ' +
      'HTTP callers get half an answer with a RangeError.',
    ours: '`MoleculerRetryableError`, 503, `SIDECAR_APP_UNREACHABLE`, retryable.',
    why: 'A caller has to see that a retry may help, and always gets a whole answer.',
    cases: {
      ...each(['out-030', 'out-031'], remotely(UNREACHABLE)),
      ...faults(UNREACHABLE, 86, 87),
      ...each(['maph-900', 'maph-902'], overHttp(UNREACHABLE)),
    },
  },
  {
    original: 'A broken answer of the app is an error of the HTTP or JSON library; one that is cut off is waited for.',
    ours: '`MoleculerError`, 502, `SIDECAR_APP_BAD_ANSWER`, not retryable: the app may have done the work.',
    why: 'The fault gets a name that does not depend on a library, and nobody waits for ever.',
    cases: { ...faults(BAD_ANSWER, 23, 24, 28, 82, 88, 89, 90, 93, 94), 'out-035': remotely(BAD_ANSWER) },
  },
  {
    original: 'A handler that is no absolute http URL fails at the call with a TypeError.',
    ours: '`MoleculerError`, 500, `INVALID_HANDLER_URL`, at the call.',
    why: 'The same, with a type of its own.',
    cases: {
      ...each(['out-024', 'out-027', 'out-029', 'out-036'], remotely(INVALID_URL)),
      'maph-901': overHttp(INVALID_URL),
    },
  },
  {
    original: 'A relative handler without `baseUrl` is registered without a word.',
    ours: 'The answer has a list of `warnings`.',
    why: 'The calls are going to fail.',
    cases: each(['reg-079', 'reg-080', 'reg-085'], withWarnings),
  },
  {
    original: 'Handlers of any scheme are registered.',
    ours: 'A scheme other than http, https or unix is refused.',
    why: 'It can never work.',
    cases: {
      'out-028': {
        request: register({ name: 'ext-ftp', actions: { ftp: 'ftp://127.0.0.1/x' } }),
        ...refusedSomehow, caller_saw: undefined,
      },
      'out-037': {
        request: register({ name: 'ext-data', actions: { data: 'data:text/plain,x' } }),
        ...refusedSomehow, caller_saw: undefined,
      },
    },
  },
  {
    original: 'A path with other than ASCII characters goes out raw, and the app refuses it.',
    ours: 'It goes out percent-encoded as UTF-8.',
    why: 'HTTP allows nothing else.',
    cases: {
      'out-022': {
        ...saw({ name: 'ExtNoRoute', code: 404 }),
        outbound: outboundOf('/m/%C3%A9',
          { action: 'ext.uni', nodeID: 'remote', params: { a: 1 }, meta: {}, options: {} }),
      },
    },
  },
  {
    original: 'An error of the app without a numeric `error.code` has the code 500.',
    ours: 'It has the HTTP status of the app\'s answer.',
    why: 'The README of the original says the status decides.',
    cases: {
      ...errors(58, 400, { name: 'MoleculerError', message: 'only message', code: 400 }),
      ...Object.assign({}, ...[59, 60, 61, 62, 64].map(
        (n) => errors(n, 400, { name: 'MoleculerError', message: 'Bad Request', code: 400 }))),
      ...errors(67, 404, { name: 'NotFound', message: 'm', code: 404, type: 'NF' }),
      'maph-065': callError(400, { name: 'MoleculerError', message: 'm', code: oneOf(400, 'E_BAD') }, { m: 1 }),
      'map-065': saw({ name: 'MoleculerError', message: 'm', code: oneOf(400, 'E_BAD') }),
    },
  },
  {
    original: '`meta` of the app\'s answer may be a text or list, spread by index.',
    ours: 'Such a `meta` is ignored.',
    why: 'Meta is an object.',
    cases: { ...results(4, 1), ...results(5, 1) },
  },
  {
    original: 'The Content-Type of the app\'s answer is compared with regard to case; `+json` types are text.',
    ours: 'Compared without regard to case; `+json` types are JSON.',
    why: 'Media types have no case, and problem+json is JSON.',
    cases: {
      ...results(8, 'x'), ...results(11, 'x'),
      ...errors(81, 400, { name: 'MoleculerError', message: 'problem', code: 400, type: 'P' }),
    },
  },
  {
    original: 'The app\'s answer JSON `null` is a TypeError; one with a byte order mark is malformed.',
    ours: '`null` is an empty object; the mark is skipped.',
    why: 'Both can be understood.',
    cases: { ...results(14, '<undefined>'), ...results(34, 'bom') },
  },
  {
    original: 'Numbers of the app\'s answer are parsed and printed again.',
    ours: 'Their text stays as the app sent it.',
    why: 'Large integers and exact decimals survive. (Where a JavaScript node takes part it rounds as ever.)',
    cases: {
      'maph-037': {
        response: {
          status: 200, reason: 'OK', headers: HEADERS, connection: 'open',
          text: '{"response":{"over":9007199254740993,"f":1.0,"e":1e3},"meta":{"m":1}}',
        },
      },
    },
  },
  {
    original: '`__proto__` in a body becomes the prototype of what was parsed.',
    ours: 'It is a member like any other.',
    why: 'A body must not reach into the program.',
    cases: {
      'reg-106': {
        ...answer(200, has({ status: 'OK' })),
        after: {
          remote_registry_entry: {
            name: 'reg-proto', fullName: 'reg-proto', settings: {}, metadata: {}, events: {},
            actions: { 'reg-proto.__proto__': { rawName: '__proto__', name: 'reg-proto.__proto__' } },
          },
        },
      },
      'call-190': answer(200, { response: { own: [], proto: true, polluted: 'no' }, meta: {} }),
      ...errors(74, 400, { name: 'MoleculerError', message: 'm', code: 400 }),
    },
  },
  {
    original: '`options.nodeID` is ignored.',
    ours: 'The call goes to that node; 404 when it does not offer the action.',
    why: 'A call has to be able to name its node, as calls between nodes are.',
    cases: {
      'call-066': callError(404, {
        name: 'ServiceNotFoundError', message: "Service 'greeter.hello' is not found on 'nosuchnode' node.",
        type: 'SERVICE_NOT_FOUND', data: { action: 'greeter.hello', nodeID: 'nosuchnode' },
      }),
    },
  },
  {
    original: '`options.timeout`, `options.retries` and `options.groups` are ignored, against its README.',
    ours: 'They count, and win over `timeout`, `retries` and `groups` at the top level.',
    why: 'As documented by the original.',
    cases: {
      'call-050': callError(504, {
        name: 'RequestTimeoutError', code: 504, type: 'REQUEST_TIMEOUT', data: has({ action: 'slow.sleep' }),
      }),
      'env-006': callError(503, {
        name: 'MoleculerRetryableError', code: 503, type: 'AGAIN', data: { n: 2 }, nodeID: 'remote',
      }),
      'event-009': (expected) => onlyOther(expected, ['other']),
      'event-038': (expected) => onlyOther(expected, ['other']),
    },
  },
  {
    original: 'Of the options of a call only a time limit and a number of retries reach the call.',
    ours: '`fallbackResponse`, `fallback`, `headers`, `nodeID` and `tracking` do, too.',
    why: 'What a caller in JavaScript has, a caller over HTTP needs as well.',
    cases: {
      'call-067': answer(200, { response: 'fb', meta: {} }),
    },
  },
  {
    original: '`/broadcast/:event` of its README is 404; only `/v1/broadcast/:event` works.',
    ours: 'Both work.',
    why: 'As documented by the original.',
    cases: {
      'event-041': {
        response: {
          status: 200, reason: 'OK', body: '', connection: 'open',
          headers: HEADERS.filter(([name]) => name !== 'Content-Type'),
        },
        remote_events: ['listener-a', 'listener-b'].map((service) => ({
          service, event: 'user.created', type: 'broadcast', groups: '<undefined>', sender: 'sidecar',
          params: { a: 1 }, meta: {}, level: 1, caller: '$sidecar',
        })),
      },
    },
  },
  {
    original: 'Everybody, other nodes too, can call the actions of `$sidecar` and register services with them.',
    ours: '404 `ServiceNotFoundError`: registration is for the app beside the sidecar.',
    why: 'A node of the cluster must not plant handler URLs in another.',
    cases: {
      'reg-125': { ...notFound('$sidecar.registerService'), after: { remote_registry_entry: null } },
      'reg-126': sawNotFound('$sidecar.registerService'),
      'reg-127': {
        request: register({ name: 'greeter', actions: { extra: 'http://127.0.0.1:25600/ok/hello' } }),
        ...registered, caller_saw: undefined,
      },
      'call-227': notFound('$sidecar.callAction'),
      'call-229': notFound('$sidecar.listAliases'),
      'call-230': notFound('$sidecar.callAction'),
      'destr-006': { ...notFound('$sidecar.unregisterService'), after: aliveAfter },
    },
  },
  {
    original: '`$node` and `$sidecar` can be removed and replaced; without `$sidecar` HTTP is gone.',
    ours: '404 for their removal, 400 for every name that begins with `$`.',
    why: 'An app must not be able to end the sidecar by accident.',
    cases: {
      ...each(['destr-001', 'destr-002'], { ...flat(404, { type: 'NOT_FOUND' }), after: aliveAfter }),
      ...each(['destr-003', 'destr-004', 'destr-005'], { ...flat(400), after: aliveAfter }),
    },
  },
  {
    original: 'Faults of a schema are 500 with an error of the JavaScript engine, or are accepted.',
    ours: '400 or 422.',
    why: 'The fault is the client\'s.',
    cases: {
      'reg-071': { ...flat(400, { type: 'INVALID_HANDLER', data: { action: null } }), after: refused.after },
      'reg-082': { ...flat(400, { type: 'INVALID_HANDLER', data: { event: null } }), after: refused.after },
      'reg-090': refused,
      'reg-091': { ...flat(422), after: refused.after },
      'reg-093': refusedSomehow,
      'reg-094': {
        ...flat(400, { message: 'Invalid \'nosuchrule\' type in validator schema.' }), after: refused.after,
      },
      'reg-095': refused,
      'reg-108': refused,
      'reg-109': { ...notFound('reg-bun.x'), outbound: undefined },
    },
  },
  {
    original: 'Invalid UTF-8 in a body is replaced; a body that is not gzip as it says is 500 `Z_DATA_ERROR`.',
    ours: 'Both are 400 `entity.parse.failed`.',
    why: 'Bodies are passed on unread, so they have to be valid.',
    cases: each(['reg-047', 'reg-118'], flat(400, { name: 'MoleculerError', type: 'entity.parse.failed' })),
  },
  {
    original: 'A body nested too deeply is a RangeError of the engine\'s stack.',
    ours: '400: there is a limit.',
    why: 'The limit does not depend on luck.',
    cases: { 'call-193': flat(400) },
  },
  {
    original: 'A request target in absolute form is 404.',
    ours: 'It is accepted; scheme and authority are ignored.',
    why: 'HTTP/1.1 demands it.',
    cases: { 'call-214': answer(200, { response: 'Hello Moleculer', meta: {} }) },
  },
  {
    original: 'An error code that is no HTTP status breaks the answer; 100 and 101 are sent as interim status.',
    ours: '500 with the whole error, `code` as it was.',
    why: 'Every request gets its answer.',
    cases: {
      'call-090': ownCode('ECONNREFUSED'), 'call-092': ownCode(42), 'call-093': ownCode(99), 'call-094': ownCode(100),
      'call-095': ownCode(101), 'call-104': ownCode(1000), 'call-105': ownCode(-1), 'call-109': ownCode(true),
      'call-110': ownCode({ a: 1 }),
    },
  },
  {
    original: 'A remote error named `RequestTimeoutError` is never answered.',
    ours: '504.',
    why: 'Every request gets its answer.',
    cases: { 'call-118': callError(504, { name: 'RequestTimeoutError', code: any }) },
  },
  {
    original: 'A stream as a result is dumped as an object of the engine.',
    ours: '500.',
    why: 'There is no meaningful answer.',
    cases: {
      'call-154': answer(500, (body) => [{ error: any }, { name: text }].some((shape) => has(shape)(body) === true) ||
        'an error'),
    },
  },
  {
    original: 'A line break in a header of `meta.$responseHeaders` ends the process.',
    ours: 'That header is left out or escaped.',
    why: 'An action must not be able to end the sidecar.',
    cases: {
      'call-167': (expected) => ({
        ...expected,
        response: {
          ...expected.response,
          headers: [...HEADERS, ['X-Custom', oneOf('a%0Ab')]],
        },
      }),
    },
  },
  {
    original: 'A `meta.$statusCode` that is no HTTP status breaks the answer.',
    ours: '500.',
    why: 'Every request gets its answer.',
    cases: { 'call-168': flat(500) },
  },
  {
    original: '`withServices` is 500, "Converting circular structure to JSON".',
    ours: 'The services of each node as they are published.',
    why: 'The parameter is documented.',
    cases: {
      'get-002': answer(200, nodesWithServices),
      'node-002': answer(200, { response: nodesWithServices, meta: {} }),
    },
  },
  {
    original: '`$node.health` and `$node.options` show values of the Node.js process and of its options.',
    ours: 'The values of the sidecar that have a meaning; secrets in options are masked.',
    why: 'There is no JavaScript engine.',
    cases: {
      'node-031': answer(200, has({
        response: has({
          cpu: numbers('load1', 'load5', 'load15', 'cores', 'utilization'), mem: numbers('free', 'total', 'percent'),
          os: has({ type: 'Linux', hostname: text, release: text, arch: text }),
          process: has({ memory: any, pid: any, uptime: any }),
          client: has({ type: text, version: text }), net: has({ ip: any }), time: has({ now: any, iso: text }),
        }),
      })),
      'node-032': answer(200, has({
        response: has({
          namespace: '', nodeID: 'sidecar', requestTimeout: 0, heartbeatInterval: 10, heartbeatTimeout: 30,
        }),
      })),
    },
  },
  {
    original: 'What is not HTTP is answered with a bare status.',
    ours: 'The same status with an error body.',
    why: 'A person who looks at the answer sees the reason.',
    cases: {
      ...each(['reg-121', ...range('http', 5, 8), 'http-010', 'http-011', ...range('http', 15, 22), 'http-024'],
        parserError(400)),
      ...each(['http-012', 'http-014'], parserError(431)),
    },
  },
  {
    original: 'HTTP/2.0 in the request line is answered as if it were HTTP/1.1.',
    ours: '505.',
    why: 'It is not HTTP/1.1.',
    cases: { 'http-009': parserError(505) },
  },
  {
    original: 'An inner call puts `requestTimeout` over every call from HTTP: longer timeouts do not help, ' +
      'retries multiply, and the answer may be 404.',
    ours: 'One level: the call\'s timeout, else the action\'s, else `requestTimeout`; retries once; 504.',
    why: 'What was asked for is done.',
    cases: {
      'env-011': { ...answer(200, { response: { slept: 600 }, meta: {} }), took_ms_about: 600 },
      'env-013': { ...answer(200, { response: 'slow', meta: {} }), took_ms_about: 700 },
      'env-016': (expected) => ({
        ...callError(504, { name: 'RequestTimeoutError', code: 504 }),
        outbound: expected.outbound.slice(0, 3),
      }),
    },
  },
  {
    original: 'Without its transporter the HTTP server never starts; with its port taken the process stays without it.',
    ours: 'HTTP starts at once and local calls work; a port that is taken ends the process with an error code.',
    why: 'The app is beside the sidecar and needs no cluster; a supervisor has to see the failure.',
    cases: {
      'life-001': {
        after: { http: { status: 200, body: { response: 'Hello from external', meta: {} } }, process: 'running' },
      },
      'life-002': { after: { process: 'exit code not 0' } },
    },
  },
  {
    original: 'When a call times out, the caller\'s node or the called node tells, whichever is first.',
    ours: 'The same.',
    why: 'Both clocks run; the record has only one of the two answers.',
    cases: {
      ...each(['call-051', 'call-052', 'call-053', 'env-010'], eitherEnd),
      'out-047': saw({
        class: 'RequestTimeoutError', code: 504, type: 'REQUEST_TIMEOUT', retryable: true,
        data: { action: 'ext.timeout200', nodeID: oneOf('remote', 'sidecar') },
      }),
      'out-049': saw({
        class: 'RequestTimeoutError', code: 504, type: 'REQUEST_TIMEOUT', retryable: true,
        data: { action: 'ext.slow', nodeID: oneOf('remote', 'sidecar') },
      }),
    },
  },
];

function onlyOther(expected, groups) {
  const other = expected.remote_events.filter(({ service }) => service === 'listener-b');
  return { ...expected, remote_events: other.map((event) => ({ ...event, groups, level: 1 })) };
}

/** Where an app behind a sidecar differs from a service in JavaScript: [there, here, why] (interop/parity.mjs). */
export const beside = [
  ['A handler goes on after a time-out, and what waits in a queue then runs for nobody.',
    'The request to the app ends, and what waits in a queue leaves it.', 'Nobody waits for the result.'],
  ['A handler that fails may have set meta, and its caller gets it.', '`meta` beside `error` is ignored.',
    'As the original sidecar does. Meta of inner calls comes back all the same.'],
  ['Caches of 0.14 do not keep `null`.', 'They keep it, as those of 0.15.', 'Behaviour follows 0.15 where the two differ.'],
  ['A service hears `$broker.started`.', 'An app registers after that.', 'The sidecar is ready before the app is.'],
  ['0.14 does not tell `$services.changed` when a node is lost.', 'It is told, as by 0.15.', 'The same.'],
];

/** Cases that need what the sidecar does not have yet; they run, but do not count as failures. */
export const later = [
  { what: 'metrics of the process and the system', ids: ['env-026', 'env-027'] },
];

/** The case as the sidecar has to answer it. */
export function excuse(item) {
  let { request, expected } = item;
  for (const { cases } of excused) {
    const change = cases[item.id];
    if (typeof change === 'function') {
      expected = change(expected);
    } else if (change) {
      const { request: other, ...members } = change;
      request = other ?? request;
      expected = { ...expected, ...members };
    }
  }
  const waits = later.find(({ ids }) => ids.includes(item.id));
  return { ...item, request, expected, ...(waits && { later: `needs the ${waits.what}` }) };
}
