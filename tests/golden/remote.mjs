// SPDX-License-Identifier: MIT
// The other node of the recording: a real Moleculer.js broker with the services the cases call, and a log of events.
import { Readable } from 'node:stream';
import moleculer from 'moleculer014';

const { ServiceBroker, Errors } = moleculer;

const nested = (depth) => (depth ? { d: nested(depth - 1) } : { leaf: true });

function objectStream() {
  return new Readable({
    objectMode: true,
    read() {
      this.push(null);
    },
  });
}

const typesActions = {
  nul: () => null,
  undef: () => undefined,
  num: () => 42,
  zero: () => 0,
  float: () => 3.14159265358979,
  expo: () => 1e300,
  neg0: () => -0,
  nan: () => NaN,
  inf: () => Infinity,
  big: () => 9007199254740993, // eslint-disable-line no-loss-of-precision
  str: () => 'hello',
  empty: () => '',
  uni: () => '\u00e1rv\u00edzt\u0171r\u0151 \u{1f600} \u0000 \u2028 \ud800 </script>',
  t: () => true,
  f: () => false,
  arr: () => [1, 'a', null, true, { x: 1 }],
  emptyArr: () => [],
  emptyObj: () => ({}),
  bigArr: () => Array.from({ length: 2000 }, (_, i) => i),
  nested: () => nested(60),
  buf: () => Buffer.from('hello'),
  date: () => new Date(0),
  undefProp: () => ({ a: undefined, b: 1 }),
  bufferLike: () => ({ type: 'Buffer', data: [104, 105] }),
  stream: () => objectStream(),
};

const echoActions = {
  params: (ctx) => ctx.params,
  echo: (ctx) => ({ params: ctx.params, meta: ctx.meta }),
  full: (ctx) => ({
    params: ctx.params, meta: ctx.meta, level: ctx.level, caller: ctx.caller, nodeID: ctx.nodeID,
    tracing: ctx.tracing, requestID: ctx.requestID, hasParent: !!ctx.parentID,
  }),
  paramType: (ctx) => {
    if (ctx.params === null) return 'null';
    return Array.isArray(ctx.params) ? 'array' : typeof ctx.params;
  },
  setMeta: (ctx) => {
    Object.assign(ctx.meta, ctx.params);
    return 'meta set';
  },
  metaThenFail: (ctx) => {
    Object.assign(ctx.meta, ctx.params);
    throw new Errors.MoleculerClientError('failed after meta', 409, 'CONFLICT');
  },
  protoKeys: (ctx) => ({
    own: Object.getOwnPropertyNames(ctx.params),
    proto: Object.getPrototypeOf(ctx.params) === Object.prototype,
    polluted: {}.polluted ?? 'no',
  }),
};

function failActions() {
  let attempts = 0;
  const fail = (make) => () => {
    throw make();
  };
  return {
    client: fail(() => new Errors.MoleculerClientError('Client error text', 404, 'MY_CLIENT_ERR', { a: 5 })),
    client422: fail(() => new Errors.MoleculerClientError('Client error default code')),
    moleculer: fail(() => new Errors.MoleculerError('Moleculer error text', 501, 'MY_ERR', { b: 6 })),
    moleculerDefault: fail(() => new Errors.MoleculerError('Moleculer error text')),
    validation: fail(() => new Errors.ValidationError('My validation text', 'MY_VALIDATION',
      [{ field: 'x', type: 'required' }])),
    plain: fail(() => new Error('Plain error text')),
    typeError: () => null.foo,
    retryable: fail(() => new Errors.MoleculerRetryableError('Retryable text', 503, 'MY_RETRY', { c: 7 })),
    server: fail(() => new Errors.MoleculerServerError('Server error text', 500, 'MY_SERVER', { d: 8 })),
    customCode: (ctx) => {
      throw Object.assign(new Error('custom code'), ctx.params);
    },
    customName: (ctx) => {
      throw Object.assign(new Error('custom name'), { name: ctx.params.name, code: 410 });
    },
    notfound: (ctx) => ctx.call('nothing.here'),
    string: fail(() => 'a string'),
    undef: () => Promise.reject(undefined),
    retryCount: () => {
      attempts++;
      if (attempts % 3) throw new Errors.MoleculerRetryableError('try again', 503, 'AGAIN', { n: attempts });
      return { attempts };
    },
    retryReset: () => {
      attempts = 0;
      return attempts;
    },
  };
}

function services(onEvent) {
  const listen = (group) => ({
    ...(group ? { group } : {}),
    handler(ctx) {
      onEvent(this.name, ctx);
    },
  });
  return [
    {
      name: 'greeter',
      actions: {
        hello: () => 'Hello Moleculer',
        welcome: { params: { name: 'string' }, handler: (ctx) => `Welcome, ${ctx.params.name}` },
      },
    },
    { name: 'echo', actions: echoActions },
    { name: 'fail', actions: failActions() },
    {
      name: 'slow',
      actions: {
        sleep: (ctx) => new Promise((resolve) => {
          setTimeout(() => resolve({ slept: ctx.params.ms }), ctx.params.ms);
        }),
      },
    },
    { name: 'types', actions: typesActions },
    { name: 'versioned', version: 2, actions: { hi: () => 'v2 hi' } },
    { name: 'versioned', version: 'beta', actions: { hi: () => 'beta hi' } },
    {
      name: 'vis',
      actions: {
        priv: { visibility: 'private', handler: () => 'private' },
        prot: { visibility: 'protected', handler: () => 'protected' },
        pub: { visibility: 'public', handler: () => 'public' },
        published: { visibility: 'published', handler: () => 'published' },
      },
    },
    { name: 'listener-a', events: { 'user.created': listen(), 'order.*': listen(), 'deep.**': listen() } },
    { name: 'listener-b', events: { 'user.created': listen('other'), 'order.placed': listen() } },
  ];
}

function eventRecord(service, ctx) {
  return {
    service,
    event: ctx.eventName,
    type: ctx.eventType,
    groups: ctx.eventGroups === undefined ? '<undefined>' : ctx.eventGroups,
    sender: ctx.nodeID,
    params: ctx.params,
    meta: ctx.meta,
    level: ctx.level,
    caller: ctx.caller,
  };
}

/** Starts a node of that id on the NATS server; without services when `bare`. */
export async function startRemote({ nats, nodeID = 'remote', bare = false }) {
  let events = [];
  const disconnects = [];
  const broker = new ServiceBroker({ nodeID, transporter: nats, logger: false });
  if (!bare) {
    const record = (service, ctx) => events.push(eventRecord(service, ctx));
    for (const schema of services(record)) broker.createService(schema);
  }
  broker.localBus.on('$node.disconnected', (payload) => {
    disconnects.push({ node: payload.node.id, unexpected: !!payload.unexpected });
  });
  await broker.start();

  const infoOf = (id) => broker.registry.nodes.get(id);
  return {
    broker,
    disconnects,
    get eventCount() {
      return events.length;
    },
    takeEvents() {
      const taken = events;
      events = [];
      return taken;
    },
    infoOf,
    /** The published services of a node, or [] while it is not known. */
    servicesOf: (id) => (infoOf(id)?.available && infoOf(id).rawInfo?.services) || [],
    hasAction: (name) => broker.registry.actions.isAvailable(name),
    stop: () => broker.stop(),
  };
}

/** Calls an action and tells what the caller saw, in the form of the recording. */
export async function callAndTell(broker, name, params, opts) {
  const pending = broker.call(name, params, opts);
  try {
    const result = await pending;
    return { result: plain(result), ctx_meta_after: plain(pending.ctx?.meta ?? opts?.meta ?? {}) };
  } catch (err) {
    return { error: errorRecord(err) };
  }
}

const orUndefined = (value) => (value === undefined ? '<undefined>' : plain(value));

function errorRecord(err) {
  const record = {
    class: err.constructor.name,
    name: err.name,
    message: plain(err.message),
    code: orUndefined(err.code),
    type: orUndefined(err.type),
    data: orUndefined(err.data),
    own_keys: Object.keys(err),
  };
  if (err.nodeID !== undefined) record.nodeID = err.nodeID;
  if (err.retryable !== undefined) record.retryable = err.retryable;
  return record;
}

/** A value as JSON would carry it, undefined marked. */
export function plain(value) {
  if (value === undefined) return '<undefined>';
  return copy(JSON.parse(JSON.stringify(value)));
}

function copy(value) {
  if (Array.isArray(value)) return value.map(copy);
  if (value === null || typeof value !== 'object') return value;
  const out = {};
  for (const key of Object.keys(value)) {
    if (key !== '__proto__') out[key] = copy(value[key]);
  }
  return out;
}
