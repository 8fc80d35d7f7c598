// SPDX-License-Identifier: MIT
// What a test runs on: one NATS server, sidecars, real Moleculer.js nodes of both generations, apps, a listener on the wire.
import assert from 'node:assert';
import http from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import moleculer15 from 'moleculer';
import moleculer14 from 'moleculer014';
import { Child, Sidecar, startNats, waitFor } from '../support-js/process.mjs';
import { listenOnWire } from './wire.mjs';

/** Both generations of Moleculer.js, by the protocol they speak. */
export const moleculer = { 4: moleculer14, 5: moleculer15 };
export const generations = [4, 5];

/* Both add Promise.prototype.timeout unless it is there, and know only their own error of it. */
new moleculer15.ServiceBroker({ logger: false }); // eslint-disable-line no-new
Promise.TimeoutError = moleculer15.Errors.TimeoutError;

export const named = (version) => `Moleculer ${moleculer[version].ServiceBroker.MOLECULER_VERSION}`;

/** Heartbeats that are quick enough for tests of lost nodes. */
export const QUICK = { HEARTBEATINTERVAL: '1', HEARTBEATTIMEOUT: '2' };
export const quick = { heartbeatInterval: 1, heartbeatTimeout: 2 };

/** Waits until test() holds; fails with what was expected. */
export async function until(what, test, ms = 8000) {
  const value = await waitFor(test, ms);
  assert.ok(value, `not within ${ms} ms: ${what}`);
  return value;
}

const STATUS = Symbol('status');
const HANG = Symbol('hang');

/** An answer of the app with that status and body. */
export const answer = (status, body) => ({ [STATUS]: status, body });
/** No answer at all, until the app stops. */
export const hang = { [HANG]: true };

/* The app beside a sidecar: handlers by path, each gets the body and the headers of a request. */
async function startApp() {
  const handlers = new Map();
  const app = { requests: [] };
  const server = http.createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const seen = { path: req.url, body: JSON.parse(Buffer.concat(chunks)), headers: req.headers };
    app.requests.push(seen);
    const result = await (handlers.get(req.url) ?? (() => answer(404, {})))(seen);
    if (result?.[HANG] || res.destroyed) return;
    const status = result?.[STATUS] ?? 200;
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(result?.[STATUS] ? result.body : result ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  app.url = `http://127.0.0.1:${server.address().port}`;
  app.on = (path, handler) => handlers.set(path, handler);
  app.at = (path) => app.requests.filter((seen) => seen.path === path);
  app.clear = () => app.requests.splice(0);
  app.stop = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close').catch(() => {});
  };
  return app;
}

/** A list of things to stop, in reverse order of their start. */
export class Stage {
  #running = [];

  async #add(thing) {
    this.#running.push(thing);
    return thing;
  }

  async nats(...args) {
    this.server = await this.#add(await startNats(...args));
    this.url = this.server.url;
    return this.server;
  }

  async app() {
    return this.#add(await startApp());
  }

  async wire(options = {}) {
    return this.#add(await listenOnWire({ servers: this.url, ...options }));
  }

  /** A sidecar that listens; on the stage's NATS server and ready unless told otherwise. */
  async sidecar(env = {}, { ready = true } = {}) {
    const sidecar = new Sidecar({ TRANSPORTER: this.url, ...env });
    sidecar.nodeID = env.NODEID ?? 'sidecar';
    await this.#add({ stop: () => sidecar.alive && sidecar.end() });
    await sidecar.listening();
    if (ready) await isReady(sidecar);
    return sidecar;
  }

  /** A sidecar started with bad settings or to be ended by the test: its exit is the test's business. */
  async doomed(env) {
    const sidecar = new Sidecar({ TRANSPORTER: this.url, ...env });
    sidecar.nodeID = env.NODEID ?? 'sidecar';
    await this.#add({ stop: () => sidecar.stop('SIGKILL') });
    return sidecar;
  }

  /** A Moleculer.js node in this process. */
  async node(version, nodeID, services = [], options = {}) {
    const broker = new moleculer[version].ServiceBroker({
      nodeID, transporter: this.url, logger: false, transit: { serviceChangedDebounceTime: 0 }, ...options,
    });
    for (const schema of services) broker.createService(structuredSchema(schema));
    await broker.start();
    let stopped;
    broker.end = () => (stopped ??= broker.stop());
    await this.#add({ stop: () => broker.end() });
    return broker;
  }

  /** A Moleculer.js node in a process of its own, which can be killed. It has the services of node-process.mjs. */
  async nodeProcess(version, nodeID) {
    const script = fileURLToPath(new URL('node-process.mjs', import.meta.url));
    const child = new Child(process.execPath, [script, String(version), nodeID, this.url], process.env);
    await this.#add({ stop: () => child.stop('SIGKILL') });
    await child.ready(/^started$/m, 15000);
    return child;
  }

  async stop() {
    const faults = [];
    for (const thing of this.#running.reverse()) {
      await Promise.resolve(thing.stop()).catch((err) => faults.push(err));
    }
    this.#running = [];
    if (faults.length) throw faults[0];
  }
}

/* Brokers change the schemas they are given. */
const structuredSchema = (schema) => ({ ...schema, actions: { ...schema.actions }, events: { ...schema.events } });

/** GET /ready is 200. */
export function isReady(sidecar) {
  return until(`${sidecar.nodeID} is ready`, async () => (await sidecar.request('GET', '/ready')).status === 200);
}

/** The node knows an action of that other node, and it is there. */
export function knows(broker, action, nodeID) {
  return until(`${broker.nodeID} knows ${action} on ${nodeID}`, () =>
    broker.registry.actions.get(action)?.endpoints.some((ep) => ep.node.id === nodeID && ep.isAvailable));
}

/** The node knows that other node as available, or as gone. */
export function sees(broker, nodeID, available = true, ms = 12000) {
  return until(`${broker.nodeID} sees ${nodeID} ${available ? 'there' : 'gone'}`, () =>
    (broker.registry.nodes.get(nodeID)?.available ?? false) === available, ms);
}

async function listed(sidecar, what) {
  const { body } = await sidecar.json('GET', `/v1/registry/${what}`);
  return Array.isArray(body) ? body : [];
}

/** Nodes on which the sidecar knows an action, sorted. */
export async function nodesOf(sidecar, action) {
  const actions = await listed(sidecar, 'actions?withEndpoints=true');
  const endpoints = actions.find(({ name }) => name === action)?.endpoints ?? [];
  return endpoints.filter(({ available }) => available).map(({ nodeID }) => nodeID).sort();
}

/** The sidecar knows an action of those nodes and of no others. */
export function learns(sidecar, action, ...nodeIDs) {
  const wanted = [...nodeIDs].sort().join();
  return until(`${sidecar.nodeID} knows ${action} on ${wanted || 'no node'}`, async () =>
    (await nodesOf(sidecar, action)).join() === wanted, 12000);
}

/** Groups and nodes that listen to an event pattern, as the sidecar knows them. */
export function hears(sidecar, event, nodeID) {
  return until(`${sidecar.nodeID} knows that ${nodeID} listens to ${event}`, async () =>
    (await listed(sidecar, 'events?withEndpoints=true')).some(({ name, endpoints }) =>
      name === event && endpoints?.some((ep) => ep.nodeID === nodeID)));
}

/** The node knows that the other listens to an event pattern. */
export function knowsListener(broker, event, nodeID) {
  return until(`${broker.nodeID} knows that ${nodeID} listens to ${event}`, () =>
    broker.registry.events.events.some((list) =>
      list.name === event && list.endpoints.some((ep) => ep.node.id === nodeID)));
}

export async function registryNode(sidecar, nodeID) {
  return (await listed(sidecar, 'nodes')).find(({ id }) => id === nodeID);
}

/** POST /v1/call: status and parsed body. */
export function call(sidecar, action, body = {}, options) {
  return sidecar.json('POST', `/v1/call/${action}`, body, options);
}

/** A promise's fault; that there is none is a failure. */
export async function faultOf(promise) {
  let value;
  try {
    value = await promise;
  } catch (err) {
    return err;
  }
  return assert.fail(`no error but ${JSON.stringify(value)}`);
}
