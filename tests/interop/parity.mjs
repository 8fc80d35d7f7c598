// SPDX-License-Identifier: MIT
// One scenario, run twice: by a Moleculer.js node with JavaScript handlers, and by a sidecar with the same schema and
// an app behind it. Beside each stands a real Moleculer.js node, the peer. Whatever is seen has to be the same.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import {
  answer,
  generations,
  hears,
  knows,
  knowsListener,
  learns,
  moleculer,
  named,
  sees,
  Stage,
  until,
} from './stage.mjs';

const compatibility = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');

const plain = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** An error as it is compared; what only one way of transport carries is left out. */
export function errorFacts({ name, message, code, type, data, retryable, nodeID }) {
  return plain({
    name,
    message,
    code,
    type: type ?? undefined,
    data: data ?? undefined,
    retryable: Boolean(retryable),
    nodeID,
  });
}

/** The same for a call whose time is up: the caller's node tells or the called one, whichever is first. */
export function untold({ error, ...rest }) {
  if (error?.name !== 'RequestTimeoutError') return { error, ...rest };
  const { nodeID, data, message, ...others } = error;
  return { error: { ...others, action: data.action }, ...rest };
}

class Fault {
  constructor(members) {
    this.members = members;
  }
}

/** What a handler throws to fail with an error of that class. */
export const fault = (name, message, code, type, data) => new Fault({ name, message, code, type, data });

function faultError(version, { name, message, code, type, data }) {
  const Class = moleculer[version].Errors[name];
  if (!Class) return Object.assign(new Error(message), plain({ name, code, type, data }));
  return name === 'ValidationError' ? new Class(message, type, data) : new Class(message, code, type, data);
}

/* The error of an inner call over HTTP, to be caught or passed on by a handler. */
class CallError extends Error {}

const filled = (object) => (object && Object.keys(object).length ? object : undefined);

const outcomeOf = async (promise, meta) => {
  try {
    return plain({ result: await promise, meta });
  } catch (err) {
    return { error: errorFacts(err), meta: plain(meta) };
  }
};

function brokerCaller(broker) {
  return {
    call(action, params, opts = {}) {
      const meta = { ...opts.meta };
      /* It changes what it sanitises. */
      return outcomeOf(broker.call(action, structuredClone(params), { ...opts, meta }), meta);
    },
    ping: async () => {},
    async emit(event, params, opts = {}) {
      await broker.emit(event, structuredClone(params), { ...opts });
    },
    async broadcast(event, params, opts = {}) {
      await broker.broadcast(event, structuredClone(params), { ...opts });
    },
    list: async (what, params) => plain(await broker.call(`$node.${what}`, params)),
  };
}

async function httpCall(sidecar, action, params, opts = {}, headers = {}) {
  const { meta, requestID, ...options } = opts;
  if (requestID) headers['X-Request-ID'] = requestID;
  const path = `/v1/call/${encodeURIComponent(action)}`;
  const { status, body } = await sidecar.json('POST', path, { params, meta, options }, { headers, timeout: 20000 });
  assert.ok(body, `an answer to ${action}: ${status}`);
  if (body.error) delete body.meta.$statusCode;
  return body;
}

async function httpEvent(sidecar, how, event, params, { meta, ...options } = {}, headers = {}) {
  const body = { params, meta, options };
  const { status } = await sidecar.request('POST', `/v1/${how}/${encodeURIComponent(event)}`, body, 20000, headers);
  assert.strictEqual(status, 200);
}

function httpCaller(sidecar) {
  return {
    async call(action, params, opts) {
      const { response, error, meta } = await httpCall(sidecar, action, params, opts);
      return error ? { error: errorFacts(error), meta } : plain({ result: response, meta });
    },
    emit: (event, params, opts) => httpEvent(sidecar, 'emit', event, params, opts),
    broadcast: (event, params, opts) => httpEvent(sidecar, 'broadcast', event, params, opts),
    /* What was sent before has arrived, on whichever connection. */
    ping: () => sidecar.request('GET', '/health'),
    list: async (what, params = {}) =>
      (await sidecar.json('GET', `/v1/registry/${what}?${new URLSearchParams(params)}`)).body,
  };
}

/** One of the two runs: a peer (a Moleculer.js node), a subject (the node under test), and what was seen. */
class Side {
  constructor(kind, version, scenario) {
    Object.assign(this, { kind, version, scenario });
    this.clear();
  }

  clear() {
    for (const open of Object.values(this.gates ?? {})) open.open();
    Object.assign(this, { runs: [], state: {}, gates: {} });
  }

  /** Runs before the first case. */
  seenEarly(handler) {
    return this.early.filter((run) => run.handler === handler).map(({ id, requestID, ...run }) => run);
  }

  /** The runs of one handler, or of all. */
  ran(handler) {
    return this.runs.filter((run) => run.handler !== 'mark' && (!handler || run.handler === handler));
  }

  /** Runs as they are compared: without ids. */
  seen(handler) {
    return this.ran(handler).map(({ id, requestID, ...run }) => run);
  }

  /** How many different ids and requests there were. */
  ids(handler) {
    const count = (member) => new Set(this.ran(handler).map((run) => run[member])).size;
    return { runs: this.ran(handler).length, ids: count('id'), requests: count('requestID') };
  }

  until(what, test, ms = 15000) {
    return until(`${this.kind}: ${what}`, test, ms);
  }

  untilRuns(n, handler) {
    return this.until(`${n} runs of ${handler ?? 'any handler'}`, () => this.ran(handler).length >= n);
  }

  gate(name) {
    if (!this.gates[name]) {
      const gate = {};
      gate.opened = new Promise((resolve) => {
        gate.open = resolve;
      });
      this.gates[name] = gate;
    }
    return this.gates[name];
  }

  /**
   * Packets between two nodes arrive in order: once marks came through both ways, all before them have. Twice, since
   * requests to an app may overtake each other.
   */
  async settle() {
    for (let round = 0; round < 2; round++) {
      const marks = () => this.runs.filter(({ handler }) => handler === 'mark').length;
      const wanted = marks() + 2;
      await this.peer.broadcast('parity.mark', {}, { groups: ['parity-subject'] });
      await this.subject.broadcast('parity.mark', {}, { groups: ['parity-peer'] });
      await this.until('marks', () => marks() >= wanted);
    }
  }

  /* Runs a handler for either kind of node; view is what it gets of the request. */
  async perform(handler, view) {
    const { call, emit, setMeta, ...facts } = view;
    this.runs.push({ handler, ...plain(facts) });
    const run = this.scenario.handlers?.[handler] ?? (({ params }) => params);
    return run(view, this);
  }

  jsHandler(handler) {
    const side = this;
    return async function handle(ctx) {
      try {
        return await side.perform(handler, {
          by: ctx.broker.nodeID,
          name: ctx.eventName ?? ctx.action.name,
          params: ctx.params,
          meta: { ...ctx.meta },
          nodeID: ctx.nodeID,
          eventType: ctx.eventType ?? undefined,
          eventGroups: ctx.eventGroups ?? undefined,
          id: ctx.id,
          requestID: ctx.requestID,
          headers: filled(ctx.headers),
          ...(ctx.broker.nodeID === 'peer' && side.contextFacts(ctx)),
          call: (action, params, opts) => ctx.call(action, params, opts),
          emit: async (event, params, opts) => void (await ctx.emit(event, params, opts)),
          setMeta: (meta) => void Object.assign(ctx.meta, meta),
        });
      } catch (err) {
        throw err instanceof Fault ? faultError(side.version, err.members) : err;
      }
    };
  }

  /* What an app is not told, but other nodes are. Calls over HTTP name their entry as the caller. */
  contextFacts({ level, caller, parentID, options }) {
    return {
      level,
      caller: caller === '$sidecar' ? undefined : (caller ?? undefined),
      isBelow: Boolean(parentID),
      hasLimit: options.timeout > 0,
    };
  }

  /* The same for the app of a sidecar. */
  appHandler(handler, sidecar) {
    return async ({ body, headers }) => {
      const metaSet = {};
      try {
        const response = await this.perform(handler, {
          by: 'subject',
          name: body.action ?? body.event,
          params: body.params,
          meta: body.meta,
          nodeID: body.nodeID,
          eventType: body.eventType,
          eventGroups: body.eventGroups,
          id: headers['x-context-id'],
          headers: filled(body.headers),
          requestID: headers['x-request-id'],
          async call(action, params, opts) {
            const inner = await httpCall(sidecar, action, params, opts, { 'X-Parent-ID': headers['x-context-id'] });
            if (inner.error) throw Object.assign(new CallError(), inner.error);
            return inner.response;
          },
          emit: (event, params, opts) =>
            httpEvent(sidecar, 'emit', event, params, opts, { 'X-Parent-ID': headers['x-context-id'] }),
          setMeta: (meta) => void Object.assign(metaSet, meta),
        });
        return { response, meta: metaSet };
      } catch (err) {
        return this.appFault(err);
      }
    };
  }

  appFault(err) {
    if (!(err instanceof Fault || err instanceof CallError)) this.broken = err;
    const { name, message, code, type, data, retryable, nodeID } =
      err instanceof Fault ? faultError(this.version, err.members) : err;
    const status = code >= 400 && code < 600 ? code : 500;
    return answer(status, { error: { name, message, code, type, data, retryable, nodeID } });
  }

  /* A schema of the scenario for a Moleculer.js node: handlers are names. */
  jsSchema(schema) {
    const made = { ...schema };
    for (const kind of ['actions', 'events']) {
      made[kind] = Object.fromEntries(
        Object.entries(schema[kind] ?? {}).map(([key, value]) => {
          const definition = typeof value === 'string' ? { handler: value } : value;
          return [key, { ...structuredClone(definition), handler: this.jsHandler(definition.handler) }];
        }),
      );
    }
    if (schema.settings) made.settings = structuredClone(schema.settings);
    return made;
  }
}

const markService = (name) => ({ name, events: { 'parity.mark': 'mark' } });

/* The broker options of a scenario as the sidecar's environment. */
function environment(options = {}, path = '') {
  const env = {};
  for (const [key, value] of Object.entries(options)) {
    const name = path + key.toUpperCase();
    if (key === 'cacher' && typeof value === 'object') {
      env.CACHER = value.type;
      for (const [option, of] of Object.entries(value.options)) {
        env[`MOL_CACHER__OPTIONS__${option.replace(/[A-Z]/g, '_$&').toUpperCase()}`] = String(of);
      }
    } else if (value && typeof value === 'object') Object.assign(env, environment(value, `${name}_`));
    else env[name] = String(value);
  }
  return env;
}

const names = (schema, kind) => {
  const settings = schema.settings ?? {};
  const hasVersion = schema.version !== undefined && settings.$noVersionPrefix !== true;
  const version = typeof schema.version === 'number' ? `v${schema.version}` : schema.version;
  const fullName = hasVersion ? `${version}.${schema.name}` : schema.name;
  return Object.entries(schema[kind] ?? {})
    .filter(([, definition]) => !definition.protected && !['protected', 'private'].includes(definition.visibility))
    .map(([key, { name = key }]) =>
      kind === 'events' || settings.$noServiceNamePrefix === true ? name : `${fullName}.${name}`,
    );
};

/** That Moleculer.js node knows all that services of another offer. */
async function brokerKnows(broker, nodeID, services) {
  await sees(broker, nodeID);
  for (const schema of services) {
    for (const name of names(schema, 'actions')) await knows(broker, name, nodeID);
    for (const name of names(schema, 'events')) await knowsListener(broker, name, nodeID);
  }
}

/* A further node that can lose its connection without a word, and get it back. */
async function thirdNode(stage, { version }, nodeID, services, options) {
  const broker = await stage.node(version, nodeID, services, options);
  broker.lose = () => broker.transit.tx.disconnect();
  broker.back = () => broker.transit.connect();
  return broker;
}

async function startSide(stage, side) {
  const { scenario, kind, version } = side;
  const namespace = `${kind}${version}`;
  const services = {
    subject: [markService('parity-subject'), ...(scenario.subject ?? [])],
    peer: [markService('parity-peer'), ...(scenario.peer ?? [])],
  };
  const made = (list) => list.map((schema) => side.jsSchema(schema));
  const peer = await stage.node(version, 'peer', made(services.peer), { namespace, ...scenario.peerOptions });
  side.peerBroker = peer;
  side.peer = brokerCaller(peer);
  if (kind === 'js') {
    side.broker = await stage.node(version, 'subject', made(services.subject), { namespace, ...scenario.options });
    side.subject = brokerCaller(side.broker);
    await brokerKnows(side.broker, 'peer', services.peer);
    side.register = async (schema) => void side.broker.createService(side.jsSchema(schema));
    side.stopSubject = () => side.broker.end();
    side.unregister = async (fullName) => side.broker.destroyService(side.broker.getLocalService(fullName));
  } else {
    const app = await stage.app();
    const sidecar = await stage.sidecar({
      NODEID: 'subject',
      NAMESPACE: namespace,
      ...environment(scenario.options),
      ...scenario.env?.(version),
    });
    side.sidecar = sidecar;
    side.subject = httpCaller(sidecar);
    side.register = async (schema) => {
      for (const definition of [...Object.values(schema.actions ?? {}), ...Object.values(schema.events ?? {})]) {
        const handler = definition.handler ?? definition;
        app.on(`/${handler}`, side.appHandler(handler, sidecar));
      }
      await sidecar.register({ ...schema, settings: { baseUrl: `${app.url}/`, ...schema.settings } });
    };
    side.stopSubject = () => sidecar.end();
    side.unregister = (fullName) => sidecar.unregister(fullName);
    for (const schema of services.subject) await side.register(schema);
    for (const schema of services.peer) {
      for (const name of names(schema, 'actions')) await learns(sidecar, name, 'peer');
      for (const name of names(schema, 'events')) await hears(sidecar, name, 'peer');
    }
  }
  side.node = (nodeID, list) => thirdNode(stage, side, nodeID, list, { namespace, ...scenario.peerOptions });
  side.peerKnows = (list) => brokerKnows(peer, 'subject', list);
  await side.peerKnows(services.subject);
  side.early = side.runs;
}

/* Whether facts have at least what is expected of them. */
function assertHas(facts, expected, path = 'facts') {
  if (expected === null || typeof expected !== 'object') return assert.deepStrictEqual(facts, expected, path);
  if (Array.isArray(expected)) {
    assert.strictEqual(facts?.length, expected.length, `${path}.length of ${JSON.stringify(facts)}`);
  }
  for (const [key, value] of Object.entries(expected)) assertHas(facts?.[key], value, `${path}.${key}`);
}

/* A difference has to be there, be as described, and stand in the documents. */
function assertDiffers(js, sidecar, { because, sidecar: expected }) {
  assert.ok(compatibility.includes(because), `docs/compatibility.md says: ${because}`);
  assert.notDeepStrictEqual(sidecar, js, 'no difference any more');
  assertHas(sidecar, expected, 'sidecar');
}

async function runCase(sides, { run, expect, differs }, version) {
  for (const side of sides) side.clear();
  const results = await Promise.all(sides.map(async (side) => plain(await run(side))));
  for (const side of sides) {
    assert.ok(!side.broken, `the app of ${side.kind} broke: ${side.broken?.stack}`);
  }
  const [js, sidecar] = results;
  if (expect) assertHas(js, expect, 'js');
  if (differs && (differs.generations ?? generations).includes(version)) assertDiffers(js, sidecar, differs);
  else assert.deepStrictEqual(sidecar, js, 'the sidecar (actual) does as the JavaScript node (expected)');
}

/**
 * scenario: options and peerOptions of the brokers, env(version) of the sidecar only; subject, peer: services, whose
 * handlers are names; handlers: by name, each gets ({params, meta, call, setMeta, ...}, side), without one params are
 * echoed; cases by title: run(side) gives facts, expect is part of them, only: a generation, differs: {because: text of
 * docs/compatibility.md, sidecar: part of its facts, generations}.
 */
export function parity(feature, scenario) {
  for (const version of scenario.generations ?? generations) {
    describe(`${feature} as a node of ${named(version)} does`, () => {
      const stage = new Stage();
      const sides = ['js', 'sidecar'].map((kind) => new Side(kind, version, scenario));

      before(async () => {
        await stage.nats();
        /* All have to be there, or have failed, before anything is stopped. */
        const started = await Promise.allSettled(sides.map((side) => startSide(stage, side)));
        const failed = started.find(({ status }) => status === 'rejected');
        if (failed) throw failed.reason;
      });
      after(async () => {
        for (const side of sides) side.clear();
        await stage.stop();
      });
      for (const [title, one] of Object.entries(scenario.cases)) {
        if ((one.only ?? version) === version) it(title, () => runCase(sides, one, version));
      }
    });
  }
}

/** A case that makes one call in each way that there is: by the peer and by the subject itself. */
export function bothCallers(action, params, opts, more = {}) {
  return {
    ...more,
    async run(side) {
      const local = await side.subject.call(action, params, opts);
      const remote = await side.peer.call(action, params, opts);
      return { local, remote, runs: side.seen() };
    },
  };
}
