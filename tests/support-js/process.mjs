// SPDX-License-Identifier: MIT
// Child processes of the tests: the NATS server and the sidecar, and how to wait for things.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from './http.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const sidecarBin = path.resolve(root, process.env.SIDECAR_BIN ?? 'build/moleculer-sidecar');

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
export class Child {
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

/** A NATS server on that port, any free one by default, with further arguments. */
export async function startNats(port = -1, args = []) {
  const child = new Child('nats-server', ['-a', '127.0.0.1', '-p', String(port), ...args], process.env);
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

  request(method, path, body, timeout, headers) {
    return request(this.port, method, path, body, timeout, headers);
  }

  async json(method, path, body, { timeout, headers } = {}) {
    const answer = await this.request(method, path, body, timeout, headers);
    if (answer.error) return { status: null, body: null, error: answer.error };
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
    if (exit.code !== 0) {
      throw new Error(`the sidecar ended with ${JSON.stringify(exit)}\n${this.child.output.slice(-4000)}`);
    }
  }
}
