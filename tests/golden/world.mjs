// SPDX-License-Identifier: MIT
// What a group of cases runs in: a NATS server, the sidecar as a child process, the app and the remote node.
import { Sidecar, startNats, waitFor } from '../support-js/process.mjs';
import { startApp } from './app.mjs';
import { startRemote } from './remote.mjs';

/** The sidecar under test is the Node.js original: records are compared as they are, nothing is excused. */
export const againstOriginal = process.env.GOLDEN_ORIGINAL === '1';

/* The original does not end with 0. */
const end = (sidecar) => (againstOriginal ? sidecar.stop() : sidecar.end());

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
    await end(this.sidecar);
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
      if (this.sidecar) await end(this.sidecar);
    } finally {
      await this.remote?.stop();
      await this.app?.stop();
      await this.nats?.stop();
    }
  }
}
