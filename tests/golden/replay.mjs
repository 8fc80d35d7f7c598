// SPDX-License-Identifier: MIT
// Plays one recorded case against a world and returns the list of differences.
import { Connection, request } from '../support-js/http.mjs';
import { freePort, Sidecar, startNats, waitFor } from '../support-js/process.mjs';
import { againstOriginal, World } from './world.mjs';
import { rawBytes, requestBytes, withPorts } from './cases.mjs';
import { compare, compareCallerSaw, compareOutbound, compareResponse } from './compare.mjs';
import { before } from './fixtures.mjs';
import { callAndTell, plain, startRemote } from './remote.mjs';

const GRACE = 5;

const header = (response, name) => response.headers.find(([key]) => key.toLowerCase() === name)?.[1];

/* How long to wait for an answer; where none is recorded, no longer than the recording did. */
const patience = (expected) => Number(/within (\d+) ms/.exec(expected?.error)?.[1] ?? (againstOriginal ? 8000 : 4000));

async function connectionState(connection, expected, response) {
  const closes = expected?.connection === 'closed' || header(response, 'connection') === 'close';
  await connection.until(() => connection.ended, closes ? 2000 : GRACE);
  return connection.ended ? 'closed' : 'open';
}

async function exchangeOn(connection, { head, body, expectContinue, halfClose }, method, expected) {
  connection.send(head);
  if (expectContinue) await connection.until(() => connection.bytes.length > 0 || connection.ended, 2000);
  if (halfClose) connection.halfClose(body);
  else if (body.length) connection.send(body);
  return connection.read({ method, timeout: patience(expected) });
}

async function exchange(port, bytes, method, expected) {
  const connection = new Connection(port);
  const response = await exchangeOn(connection, bytes, method, expected);
  response.connection = await connectionState(connection, expected, response);
  if (expected?.extra_bytes) response.extra_bytes = connection.bytes.length;
  else if (connection.bytes.length) response.rest = connection.bytes.toString('latin1');
  connection.destroy();
  return response;
}

/** Replays the cases of one part in order. */
export class Replay {
  constructor(part) {
    this.part = part;
  }

  async start() {
    this.world = new World();
    this.world.ports = { closed: await freePort() };
    await this.world.start(this.part.env);
    Object.assign(this.world.ports, { app: this.world.app.port, nats: this.world.nats.port });
    await this.part.setUp?.(this.world);
  }

  stop() {
    return this.world?.stop();
  }

  /* A sidecar that has ended is a difference of the case it ended in; those after it get a new one. */
  async #afterEnd(diff) {
    const { child } = this.world.sidecar;
    diff.push(`the sidecar ended: ${JSON.stringify(child.exit)}\n${child.output.slice(-3000)}`);
    await this.world.startSidecar();
    await this.part.setUp?.(this.world);
  }

  get ports() {
    const { app, closed, nats } = this.world.ports;
    const text = { app, closed, nats, sidecar: this.world.sidecar.port };
    return Object.fromEntries(Object.entries(text).map(([key, value]) => [key, String(value)]));
  }

  async #prepare(id) {
    await before[id]?.(this.world);
    await this.world.fromRemoteSettled();
    this.world.app.take();
    this.world.remote.takeEvents();
  }

  /** Plays a case; `expected` as in cases.mjs, perhaps altered by excused.mjs. */
  async play({ id, group, request: recorded, expected: raw }) {
    if (this.part.restart) await this.world.restartSidecar({ ...this.world.env });
    await this.#prepare(id);
    const diff = [];
    const expected = withPorts(raw, this.ports);
    const started = Date.now();
    const special = specials[id] ?? specials[recorded.via];
    if (special) await special.call(this, diff, expected, recorded, id);
    else if (recorded.call) await this.#remoteCall(diff, id, expected, recorded);
    else if (recorded.code) await this.#remoteCode(diff, expected, recorded);
    else await this.#http(diff, id, expected, recorded);
    if (expected.took_ms_about) took(diff, expected.took_ms_about, Date.now() - started);
    if (!special?.ownOutbound) await this.#outbound(diff, group, expected, recorded);
    await this.#remoteEvents(diff, expected, recorded);
    await this.#after(diff, id, expected, recorded);
    if (diff.some((line) => line.includes('connection ended'))) await waitFor(() => !this.world.sidecar.alive, 300);
    if (!this.world.sidecar.alive) await this.#afterEnd(diff);
    return diff;
  }

  async #http(diff, id, expected, recorded) {
    const bytes = recorded.raw
      ? { head: rawBytes(id, recorded, this.ports), body: Buffer.alloc(0) }
      : requestBytes(id, recorded, this.ports);
    bytes.expectContinue = id === 'reg-122';
    bytes.halfClose = id === 'reg-121';
    const method = recorded.method ?? 'GET';
    const response = await exchange(this.world.sidecar.port, bytes, method, expected.response);
    if (!expected.response) return;
    if (response.rest && recorded.method) diff.push(`bytes after the answer: ${response.rest.slice(0, 80)}`);
    compareResponse(diff, id, expected.response, response);
  }

  async #remoteCall(diff, id, expected, { call, params, opts }) {
    const { broker } = this.world.remote;
    const found = !/^ServiceNot/.test(expected.caller_saw?.error?.class ?? '');
    if (found) await waitFor(() => this.world.remote.hasAction(call), 5000);
    const options = structuredClone(opts);
    if (/^map-/.test(id)) options.meta = { m: 1 };
    const args = params === '<undefined>' ? undefined : withPorts(params, this.ports);
    const saw = await callAndTell(broker, call, args, options);
    if (expected.caller_saw) compareCallerSaw(diff, expected.caller_saw, saw);
  }

  async #remoteCode(diff, expected, { code }) {
    const run = new Function('remote', code.startsWith('{') ? code : `return ${code}`);
    const result = plain(await run(this.world.remote.broker));
    compare(diff, 'caller_saw', expected.caller_saw, { result });
  }

  async #outbound(diff, group, expected, recorded) {
    const { app } = this.world;
    const wanted = expected.outbound ?? [];
    await waitFor(() => app.count >= wanted.length, 3000);
    if (recorded.code) await this.world.fromRemoteSettled();
    compareOutbound(diff, wanted, app.take(), { anyOrder: group === 'events2' });
  }

  async #remoteEvents(diff, expected, recorded) {
    if (!/\/(emit|broadcast)\//.test(recorded.path)) return;
    const wanted = expected.remote_events ?? [];
    await waitFor(() => this.world.remote.eventCount >= wanted.length, 2000);
    await this.world.toRemoteSettled();
    const got = plain(this.world.remote.takeEvents());
    const byService = (a, b) => (a.service < b.service ? -1 : 1);
    compare(diff, 'remote_events', [...wanted].sort(byService), got.sort(byService));
  }

  async #after(diff, id, expected, recorded) {
    const { after } = expected;
    if (!after) return;
    if (Object.hasOwn(after, 'remote_registry_entry')) await this.#registryEntry(diff, after, recorded);
    if (Object.hasOwn(after, 'in_remote_registry')) {
      const name = decodeURIComponent(recorded.path.split('/').at(-1) || recorded.path.split('/').at(-2)).trim();
      await this.#known(diff, { [id === 'unreg-003' ? 'v1.un-b' : name]: after.in_remote_registry });
    }
    const names = afterNames[id];
    if (names) {
      await this.#known(diff, Object.fromEntries(Object.entries(names).map(([key, name]) => [name, !!after[key]])));
    }
  }

  async #registryEntry(diff, { remote_registry_entry: entry }, recorded) {
    const name = entry?.fullName ?? nameIn(JSON.parse(recorded.body));
    const same = () => {
      const lines = [];
      const published = this.world.published(name);
      compare(lines, 'published', entry, published === undefined ? null : plain(published));
      return lines;
    };
    if (!entry) await this.world.toRemoteSettled();
    await waitFor(() => same().length === 0, againstOriginal ? 4000 : 2000);
    diff.push(...same());
  }

  async #known(diff, names) {
    const holds = ([name, known]) => !!this.world.published(name) === known;
    const all = () => Object.entries(names).every(holds);
    if (!(await waitFor(all, againstOriginal ? 4000 : 2000))) {
      const wrong = Object.entries(names).filter((pair) => !holds(pair));
      for (const [name, known] of wrong) diff.push(`remote: ${name} should be ${known ? 'known' : 'gone'}`);
    }
  }
}

const nameIn = ({ name, params }) => name ?? params.name;

const afterNames = {
  'reg-052': { arr1: 'reg-arr1', arr2: 'reg-arr2' },
  'reg-061': { body: 'reg-body', qs: 'reg-qs2' },
  'reg-107': { dup1: 'reg-dup1', dup2: 'reg-dup2' },
  'unreg-019': { v1: 'v1.un-g', v2: 'v2.un-g' },
};

function took(diff, about, ms) {
  if (ms < about * 0.85 || ms > about * 2 + 1000) diff.push(`took ${ms} ms, expected about ${about}`);
}

/* Another request waits behind the first on the same connection: answers come in order. */
async function pipelined(diff, expected, recorded, id) {
  const connection = new Connection(this.world.sidecar.port);
  connection.send(rawBytes(id, recorded, this.ports));
  const first = await connection.read();
  first.connection = 'open';
  compareResponse(diff, id, expected.response, first);
  const second = await connection.read();
  compare(diff, 'second status', 404, second.status);
  connection.destroy();
}

async function twiceInPieces(diff, expected, recorded, id) {
  const connection = new Connection(this.world.sidecar.port);
  const bytes = rawBytes(id, recorded, this.ports);
  for (let round = 0; round < 2; round++) {
    for (const at of [0, 20, 60, bytes.length - 1]) {
      const next = { 0: 20, 20: 60, 60: bytes.length - 1 }[at] ?? bytes.length;
      connection.send(bytes.subarray(at, next));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const response = await connection.read();
    response.connection = await connectionState(connection, expected.response, response);
    compareResponse(diff, `${id} (${round + 1})`, expected.response, response);
  }
  connection.destroy();
}

async function idleConnection(diff, expected) {
  const connection = new Connection(this.world.sidecar.port);
  connection.send('GET /nope HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await connection.read();
  const since = Date.now();
  const closed = await connection.until(() => connection.ended, 12000);
  if (closed) took(diff, expected.response.closed_after_idle_ms_about * 0.85, Date.now() - since);
  else diff.push('the idle connection is not closed');
  connection.destroy();
}

async function threeOverlapping(diff, expected) {
  const { broker } = this.world.remote;
  const call = () => callAndTell(broker, 'exte.slow', {}, {});
  const [first, second, third] = await Promise.all([call(), call(), call()]);
  const strip = ({ ctx_meta_after: meta, ...rest }) => rest;
  compare(diff, 'caller_saw', expected.caller_saw, { first: strip(first), second: strip(second), third: strip(third) });
  compare(diff, 'outbound_count', expected.outbound_count, this.world.app.take().length);
}
threeOverlapping.ownOutbound = true;

async function metricNames(diff, expected) {
  const { status, body } = await this.world.sidecar.json('POST', '/v1/call/$node.metrics', {});
  compare(diff, 'status', expected.response.status, status);
  const pick = ({ type, name, unit, labelNames }) => ({ type, name, labelNames, ...(unit ? { unit } : {}) });
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  const got = (Array.isArray(body?.response) ? body.response : []).map(pick).sort(byName);
  compare(diff, 'metrics', expected.metrics.map(pick).sort(byName), got);
}

async function whatRemoteKnows(diff, expected, recorded) {
  const { broker } = this.world.remote;
  const saw = await callAndTell(broker, recorded.call, recorded.params, recorded.opts);
  compareCallerSaw(diff, expected.caller_saw, saw);
  const info = plain(this.world.remote.infoOf('sidecar').rawInfo);
  const wanted = expected.after.info_packet;
  const mine = ({ name }) => name === '$sidecar';
  const settings = (service) => (mine(service) ? { ...service, settings: {} } : service);
  compare(diff, 'info', {
    ...wanted,
    services: wanted.services.filter((service) => againstOriginal || !mine(service)).map(settings),
  }, { ...info, services: info.services.map(settings) });
}

/* Bodies of node events are recorded by their start only: the members before the cut count. */
async function nodeEvents(diff, expected, optional) {
  const { app } = this.world;
  const wanted = expected.outbound.map(({ url }) => url).filter((url) => !optional.includes(url)).sort();
  const got = [];
  await waitFor(() => {
    got.push(...app.take());
    return wanted.every((url) => got.some((item) => item.url === url));
  }, 8000);
  const urls = [...new Set(got.map(({ url }) => url).filter((url) => !optional.includes(url)))].sort();
  compare(diff, 'urls', wanted, urls);
  for (const { url, body } of got) {
    const recorded = expected.outbound.find((item) => item.url === url);
    if (!recorded) continue;
    const { params, ...rest } = JSON.parse(body);
    const start = /^\{"event":"([^"]+)","eventType":"([^"]+)"/.exec(recorded.body);
    compare(diff, url, { event: start[1], eventType: start[2], nodeID: 'sidecar', meta: {} }, rest);
    if (start[1] === '$services.changed') compare(diff, `${url}.params`, { localService: false }, params);
    else nodeOf(diff, url, start[1], params);
  }
}

function nodeOf(diff, url, event, { node, ...more }) {
  const { rawInfo, services, ...known } = node ?? {};
  compare(diff, `${url}.node`, {
    id: 'remote2', instanceID: '<UUID>', available: event !== '$node.disconnected', local: false,
    lastHeartbeatTime: 0, config: {}, client: {}, metadata: {}, ipList: [], hostname: '', udpAddress: null,
    cpu: 0, cpuSeq: 0, seq: 0, offlineSince: event === '$node.disconnected' ? '<VAR>' : null,
  }, known);
  if (!Array.isArray(rawInfo?.services)) diff.push(`${url}: no services in rawInfo`);
  const wanted = { '$node.connected': ['reconnected'], '$node.disconnected': ['unexpected'] }[event] ?? [];
  compare(diff, `${url}.params`, wanted.join(), Object.keys(more).join());
}

async function secondStarts(diff, expected) {
  this.second = await startRemote({ nats: this.world.nats.url, nodeID: 'remote2', bare: true });
  await nodeEvents.call(this, diff, expected, ['/ev/nu']);
}

async function secondStops(diff, expected) {
  this.second ??= await startRemote({ nats: this.world.nats.url, nodeID: 'remote2', bare: true });
  await this.second.stop();
  await nodeEvents.call(this, diff, expected, ['/ev/nu', '/ev/sc', '/ev/nc']);
}
secondStarts.ownOutbound = true;
secondStops.ownOutbound = true;

async function noTransporter(diff, expected) {
  const sidecar = new Sidecar({ TRANSPORTER: `nats://127.0.0.1:${this.world.ports.closed}`, NODEID: 'alone' });
  const { http, process } = expected.after;
  try {
    if (http.status === null) {
      await new Promise((resolve) => setTimeout(resolve, 4000));
      if (/listening on/.test(sidecar.child.output)) diff.push('listens without a transporter');
    } else {
      await sidecar.listening();
      const base = `http://127.0.0.1:${this.world.app.port}`;
      await sidecar.register({ name: 'lone', actions: { hello: `${base}/ok/hello` } });
      const { status, body } = await sidecar.json('POST', '/v1/call/lone.hello', {});
      compare(diff, 'local call', http, { status, body });
      this.world.app.take();
    }
    compare(diff, 'process', process, sidecar.alive ? 'running' : 'ended');
  } finally {
    await sidecar.stop('SIGKILL');
  }
}

async function portTaken(diff, expected) {
  const sidecar = new Sidecar({ SIDECAR_PORT: String(this.world.sidecar.port), NODEID: 'second' });
  const exit = await waitFor(() => sidecar.child.exit, expected.after.process === 'running' ? 3500 : 8000);
  compare(diff, 'process', expected.after.process, exit ? `exit code ${exit.code === 0 ? '0' : 'not 0'}` : 'running');
  await sidecar.stop('SIGKILL');
}

const errorMembers = (text) => Object.fromEntries(
  ['name', 'message', 'code', 'type'].map((key) => [key, new RegExp(`"${key}":("[^"]*"|\\d+)`).exec(text)?.[1]]));

async function natsDies(diff, expected) {
  const { world } = this;
  const { sidecar } = world;
  await sidecar.register({ name: 'lx', settings: { baseUrl: world.appUrl }, actions: { hello: '/ok/hello' } });
  await world.publishedSoon('lx');
  const call = async (name, body = {}) => {
    const answer = await sidecar.request('POST', `/v1/call/${name}`, body);
    return { status: answer.status, body: answer.body };
  };
  const { before: up, during, again } = expected.after;
  compare(diff, 'before.remote', up.remote, await call('greeter.hello'));
  compare(diff, 'before.local', up.local, await call('lx.hello'));
  const { port } = world.nats;
  await world.nats.stop();
  const down = async (path, body) => {
    const answer = await call(path, body);
    return { status: answer.status, ...errorMembers(answer.body) };
  };
  const disconnected = { status: during.remote.status, ...errorMembers(during.remote.body) };
  await waitFor(async () => (await down('greeter.hello', { timeout: 500 })).status === 502, 5000);
  compare(diff, 'during.remote', disconnected, await down('greeter.hello'));
  compare(diff, 'during.remote_timeout', disconnected, await down('greeter.hello', { timeout: 1000 }));
  compare(diff, 'during.nodes', during.nodes, (await sidecar.request('GET', '/v1/registry/nodes')).status);
  compare(diff, 'during.local', during.local, await call('lx.hello'));
  const emit = await sidecar.request('POST', '/v1/emit/user.created', {});
  compare(diff, 'during.emit', during.emit, { status: emit.status, body: emit.body });
  world.nats = await startNats(port);
  const back = await waitFor(async () => (await call('greeter.hello', { timeout: 500 })).status === 200, 15000);
  if (!back) diff.push('again: the remote action is not reached any more');
  compare(diff, 'again.remote', again.remote, await call('greeter.hello'));
  if (!(await waitFor(() => world.published('lx'), 8000))) diff.push('again: remote does not see lx');
  compare(diff, 'process', again.process, sidecar.alive ? 'running' : 'ended');
}
natsDies.ownOutbound = true;

async function sigterm(diff, expected) {
  const { world } = this;
  await world.sidecar.register({ name: 'ls', settings: { baseUrl: world.appUrl }, actions: { a: '/l/slow' } });
  world.remote.disconnects.length = 0;
  const pending = world.sidecar.request('POST', '/v1/call/ls.a', {});
  await waitFor(() => world.app.count === 1);
  await stopped.call(this, diff, expected, 'SIGTERM', async () => {
    const answer = await pending;
    const { status, body, connection_header: connection } = expected.after.in_flight;
    compare(diff, 'in_flight', { status, body }, { status: answer.status, body: answer.body });
    compare(diff, 'in_flight connection', connection, header(answer, 'connection'));
  });
}
sigterm.ownOutbound = true;

async function sigint(diff, expected) {
  this.world.remote.disconnects.length = 0;
  await stopped.call(this, diff, expected, 'SIGINT');
}

async function stopped(diff, expected, signal, inFlight) {
  const { world } = this;
  const since = Date.now();
  const exit = world.sidecar.stop(signal);
  await inFlight?.();
  compare(diff, 'exit', expected.after.exit, await exit);
  const most = againstOriginal ? 4000 : expected.after.exit_after_ms_about + 1000;
  if (Date.now() - since > most) diff.push(`exit took ${Date.now() - since} ms`);
  const told = await waitFor(() => world.remote.disconnects.find(({ node }) => node === 'sidecar'), 3000);
  compare(diff, 'remote_got_disconnect', expected.after.remote_got_disconnect, told ?? null);
  await world.startSidecar();
}

async function clientLeaves(diff, expected) {
  const { world } = this;
  await world.sidecar.register({ name: 'ls', settings: { baseUrl: world.appUrl }, actions: { a: '/l/slow' } });
  const connection = new Connection(world.sidecar.port);
  connection.send('POST /v1/call/ls.a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
    'Content-Length: 2\r\n\r\n{}');
  await waitFor(() => world.app.count === 1);
  connection.destroy();
  compareOutbound(diff, expected.outbound, world.app.take());
  const alive = await world.sidecar.request('POST', '/v1/call/greeter.hello', {});
  compare(diff, 'still answers', 200, alive.status);
}
clientLeaves.ownOutbound = true;

async function destructive(diff, expected, recorded, id) {
  const bytes = requestBytes(id, recorded, this.ports);
  const { sidecar, remote } = this.world;
  const response = await exchange(sidecar.port, bytes, recorded.method, expected.response);
  compareResponse(diff, id, expected.response, response);
  const { after } = expected;
  const probe = async (method, path, body) => {
    const answer = await request(sidecar.port, method, path, body, 2000);
    return { status: answer.status ?? `socket error ${answer.socket_error}`, body: answer.body };
  };
  compare(diff, 'GET nodes', after.GET_registry_nodes, (await probe('GET', '/v1/registry/nodes')).status);
  const hello = await probe('POST', '/v1/call/greeter.hello', {});
  compare(diff, 'POST call', after.POST_call_hello, hello.status);
  compare(diff, 'hello', after.hello_body, hello.body);
  compare(diff, 'process', after.process, sidecar.alive ? 'running' : 'ended');
  const sees = (name) => remote.servicesOf('sidecar').some((service) => service.name === name);
  const same = () => sees('$node') === after.node_service_visible && sees('$sidecar') === after.sidecar_service_visible;
  if (!(await waitFor(same, againstOriginal ? 4000 : 1000))) {
    diff.push(`remote sees $node: ${sees('$node')}, $sidecar: ${sees('$sidecar')}`);
  }
}

const specials = {
  'http-025': pipelined,
  'http-031': pipelined,
  'http-029': twiceInPieces,
  'http-032': idleConnection,
  'env-026': metricNames,
  'env-028': threeOverlapping,
  'node-036': whatRemoteKnows,
  'event2-012': secondStarts,
  'event2-013': secondStops,
  'life-001': noTransporter,
  'life-002': portTaken,
  'life-003': natsDies,
  'life-004': sigterm,
  'life-005': sigint,
  'life-006': clientLeaves,
  ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`destr-00${n}`, destructive])),
};
