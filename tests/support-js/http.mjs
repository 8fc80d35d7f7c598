// SPDX-License-Identifier: MIT
// An HTTP client on a bare socket that sends exactly the bytes of a case and reports exactly what came back.
import net from 'node:net';

/** One connection to the sidecar. Responses are read one after the other; what is left over stays visible. */
export class Connection {
  constructor(port) {
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.failure = null;
    this.waiters = new Set();
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.#wake();
    });
    const end = () => {
      this.ended = true;
      this.#wake();
    };
    this.socket.on('end', end);
    this.socket.on('close', end);
    this.socket.on('error', (err) => {
      this.failure = err;
      end();
    });
  }

  send(data) {
    this.socket.write(data);
  }

  halfClose(data) {
    this.socket.end(data);
  }

  destroy() {
    this.socket.destroy();
  }

  /** Resolves true when test() holds, false after ms. Looked at whenever something arrives. */
  until(test, ms) {
    if (test()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (value) => {
        clearTimeout(timer);
        this.waiters.delete(look);
        resolve(value);
      };
      const look = () => test() && done(true);
      const timer = setTimeout(() => done(false), ms);
      this.waiters.add(look);
    });
  }

  /** Reads one final response; `method` decides whether it can have a body. */
  async read({ method = 'GET', timeout = 5000 } = {}) {
    const interim = [];
    const deadline = Date.now() + timeout;
    const left = () => Math.max(1, deadline - Date.now());
    for (;;) {
      const at = () => this.bytes.indexOf('\r\n\r\n');
      await this.until(() => at() >= 0 || this.ended, left());
      if (at() < 0) return this.#nothing(interim, timeout);
      const head = parseHead(this.bytes.subarray(0, at()).toString('latin1'));
      this.bytes = this.bytes.subarray(at() + 4);
      if (head.status < 200) {
        interim.push(head.line);
        continue;
      }
      const response = { ...head, ...(await this.#body(head, method, left, timeout)) };
      delete response.line;
      if (interim.length) response.interim = interim;
      return response;
    }
  }

  #nothing(interim, timeout) {
    const response = { status: null, reason: null, headers: [], body: null };
    if (interim.length) response.interim = interim;
    response.error = this.ended
      ? 'connection ended by server before a complete response'
      : `no complete response within ${timeout} ms`;
    if (this.failure) response.socket_error = this.failure.code;
    return response;
  }

  async #body(head, method, left, timeout) {
    const get = (name) => head.headers.find(([key]) => key.toLowerCase() === name)?.[1];
    if (method === 'HEAD' || head.status === 204 || head.status === 304) return { body: '', framing: 'none' };
    if (/chunked/i.test(get('transfer-encoding') ?? '')) return this.#chunked(left, timeout);
    const length = get('content-length');
    if (length === undefined) {
      await this.until(() => this.ended, left());
      return { body: this.#take(this.bytes.length), framing: 'close', ...(!this.ended && cut(timeout)) };
    }
    const n = Number(length);
    if (await this.until(() => this.bytes.length >= n || this.ended, left()) && this.bytes.length >= n) {
      return { body: this.#take(n), framing: 'length' };
    }
    const error = this.ended ? { error: 'connection ended by server before a complete response' } : cut(timeout);
    return { body: this.#take(this.bytes.length), framing: 'length', incomplete: true, ...error };
  }

  async #chunked(left, timeout) {
    const parts = [];
    for (;;) {
      const eol = () => this.bytes.indexOf('\r\n');
      if (!(await this.until(() => eol() >= 0, left()))) return { body: join(parts), ...cut(timeout) };
      const size = parseInt(this.bytes.subarray(0, eol()).toString('latin1'), 16);
      this.bytes = this.bytes.subarray(eol() + 2);
      if (!(await this.until(() => this.bytes.length >= size + 2, left()))) {
        return { body: join(parts), ...cut(timeout) };
      }
      parts.push(this.bytes.subarray(0, size));
      this.bytes = this.bytes.subarray(size + 2);
      if (size === 0) return { body: join(parts), framing: 'chunked' };
    }
  }

  #take(n) {
    const text = this.bytes.subarray(0, n).toString();
    this.bytes = this.bytes.subarray(n);
    return text;
  }

  #wake() {
    for (const look of [...this.waiters]) look();
  }
}

const join = (parts) => Buffer.concat(parts).toString();
const cut = (timeout) => ({ error: `no complete response within ${timeout} ms` });

function parseHead(textHead) {
  const [line, ...lines] = textHead.split('\r\n');
  const [, status, reason] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(line) ?? [null, '0', line];
  const headers = lines.map((header) => {
    const at = header.indexOf(':');
    return [header.slice(0, at), header.slice(at + 1).trim()];
  });
  return { line, status: Number(status), reason, headers };
}

/** A plain JSON request for set-up steps and probes; resolves {status, body} or {status: null, error}. */
export async function request(port, method, path, body, timeout = 5000, headers = {}) {
  const connection = new Connection(port);
  const payload = body === undefined ? '' : JSON.stringify(body);
  const type = payload ? 'Content-Type: application/json\r\n' : '';
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  connection.send(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${type}${more}` +
    `Content-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`);
  const response = await connection.read({ method, timeout });
  connection.destroy();
  return response;
}
