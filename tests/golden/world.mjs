// SPDX-License-Identifier: MIT
// What a group of cases runs in: a NATS server, the sidecar as a child process, the app and the remote node.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from './app.mjs';
import { request } from './http.mjs';
import { startRemote } from './remote.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const sidecarBin = path.resolve(root, process.env.SIDECAR_BIN ?? 'build/moleculer-sidecar');

/** The sidecar under test is the Node.js original: records are compared as they are, nothing is excused. */
export const againstOriginal = process.env.GOLDEN_ORIGINAL === '1';

/** Polls until test() is truthy and returns its value, or undefined after ms. */
export async function waitFor(test, ms = 5000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > deadline) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/* A child whose output is kept; ready resolves with the match of a pattern in it. */
class Child {
  constructor(command, args, env) {
    this.output = '';
    this.exit = null;
    this.process = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.process);
    const add = (chunk) => {
      this.output = (this.output + chunk).slice(-65536);
    };
    this.process.stdout.on('data', add);
    this.process.stderr.on('data', add);
    this.exited = new Promise((resolve) => {
      this.process.on('error', (err) => {
        this.output += err.message;
        resolve((this.exit = { code: null, signal: 'spawn' }));
      });
      this.process.on('close', (code, signal) => {
        running.delete(this.process);
        resolve((this.exit = { code, signal }));
      });
    });
  }

  async ready(pattern, ms) {
    const match = await waitFor(() => pattern.exec(this.output) ?? (this.exit && []), ms);
    if (!match?.length) throw new Error(`${this.process.spawnfile} did not get ready:\n${this.output.slice(-2000)}`);
    return match;
  }

  async stop(signal = 'SIGTERM', ms = 8000) {
    if (this.exit) return this.exit;
    this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), ms);
    await this.exited;
    clearTimeout(timer);
    return this.exit;
  }
}

export async function startNats(port = -1) {
  const child = new Child('nats-server', ['-a', '127.0.0.1', '-p', String(port)], process.env);
  const [, at] = await child.ready(/client connections on 127\.0\.0\.1:(\d+)/, 10000);
  await child.ready(/Server is ready/, 10000);
  return { child, port: Number(at), url: `nats://127.0.0.1:${at}`, stop: () => child.stop() };
}

export class Sidecar {
  constructor(env) {
    const keep = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'];
    const base = Object.fromEntries(keep.filter((key) => process.env[key]).map((key) => [key, process.env[key]]));
    this.child = new Child(sidecarBin, [], {
      ...base, SIDECAR_PORT: '0', NODEID: 'sidecar', LOGLEVEL: 'info', TRANSIT_SERVICECHANGEDDEBOUNCETIME: '0', ...env,
    });
    this.port = null;
  }

  get alive() {
    return this.child.exit === null;
  }

  async listening(ms = 15000) {
    const [, port] = await this.child.ready(/HTTP server is listening on http:\/\/[^\s:]+:(\d+)/, ms);
    this.port = Number(port);
    return this;
  }

  request(method, path, body, timeout) {
    return request(this.port, method, path, body, timeout);
  }

  async json(method, path, body) {
    const answer = await this.request(method, path, body);
    return { status: answer.status, body: answer.body ? JSON.parse(answer.body) : answer.body };
  }

  async register(schema) {
    const answer = await this.request('POST', '/v1/registry/services', schema);
    if (answer.status !== 200) {
      throw new Error(`set-up: ${schema.name} was refused: ${answer.status} ${answer.error ?? answer.body}`);
    }
  }

  async unregister(name) {
    const answer = await this.request('DELETE', `/v1/registry/services/${encodeURIComponent(name)}`);
    if (answer.status !== 200) throw new Error(`set-up: ${name} was not removed: ${answer.status} ${answer.body}`);
  }

  stop(signal) {
    return this.child.stop(signal);
  }

  /** Ends it as a supervisor does; whatever a sanitizer found shows in the exit code. */
  async end() {
    const exit = await this.child.stop();
    if (!againstOriginal && exit.code !== 0) {
      throw new Error(`the sidecar ended with ${JSON.stringify(exit)}\n${this.child.output.slice(-4000)}`);
    }
  }
}

export class World {
  async start(env = {}) {
    this.env = env;
    this.nats = await startNats();
    [this.app, this.remote] = await Promise.all([startApp(), startRemote({ nats: this.nats.url })]);
    await this.startSidecar();
    return this;
  }

  get appUrl() {
    return `http://127.0.0.1:${this.app.port}`;
  }

  async startSidecar(env = this.env) {
    this.sidecar = new Sidecar({ TRANSPORTER: this.nats.url, ...env });
    await this.sidecar.listening();
    await this.meshed();
  }

  async restartSidecar(env) {
    await this.sidecar.end();
    await waitFor(() => !this.remote.servicesOf('sidecar').length);
    await this.startSidecar(env);
  }

  /* Both nodes know each other's services. */
  async meshed() {
    const own = () => this.remote.servicesOf('sidecar').some((service) => service.name === '$node');
    const theirs = async () => {
      const { status, body } = await this.sidecar.json('POST', '/v1/call/echo.params', { params: { ready: 1 } });
      return status === 200 && body.response?.ready === 1;
    };
    const ready = async () => againstOriginal || (await this.sidecar.request('GET', '/ready')).status === 200;
    const steps = { 'remote sees the sidecar': own, 'the sidecar sees remote': theirs, 'GET /ready is 200': ready };
    for (const [what, holds] of Object.entries(steps)) {
      if (!(await waitFor(holds, 15000))) throw new Error(`not within 15 s: ${what}\n${this.sidecar.child.output}`);
    }
  }

  /** A service as the remote node knows it, or undefined. */
  published(fullName) {
    return this.remote.servicesOf('sidecar').find((service) => service.fullName === fullName);
  }

  async publishedSoon(fullName) {
    const service = await waitFor(() => this.published(fullName), 5000);
    if (!service) throw new Error(`set-up: the remote node does not get to know ${fullName}`);
  }

  /** Everything remote has sent to the sidecar before is processed when this returns. */
  async fromRemoteSettled() {
    await this.remote.broker.call('$node.list', {}, { nodeID: 'sidecar', timeout: 5000 }).catch(() => {});
  }

  /** Everything the sidecar has sent to remote before is processed when this returns. */
  async toRemoteSettled() {
    await this.sidecar.request('POST', '/v1/call/echo.params', {});
  }

  async stop() {
    try {
      await this.sidecar?.end();
    } finally {
      await this.remote?.stop();
      await this.app?.stop();
      await this.nats?.stop();
    }
  }
}
