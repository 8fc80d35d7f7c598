// SPDX-License-Identifier: MIT
// Callers and apps that no sane person would write: the sidecar stays, bounds what it keeps, and goes on serving the others.
import assert from 'node:assert';
import fs from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Connection } from '../support-js/http.mjs';
import { Sidecar, waitFor } from '../support-js/process.mjs';

const MIB = 1 << 20;
const BODY_LIMIT = 4 * MIB;
const APP_ANSWER_LIMIT = 64 * MIB;

const statusOf = (pid) => fs.readFileSync(`/proc/${pid}/status`, 'utf8');
const residentBytes = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(statusOf(pid))[1]) * 1024;
const isSanitized = (pid) => fs.readFileSync(`/proc/${pid}/maps`, 'utf8').includes('libasan');

async function until(what, test, ms = 8000) {
  const value = await waitFor(test, ms);
  assert.ok(value, `not within ${ms} ms: ${what}`);
  return value;
}

/* An app on a bare socket: each path has a function that gets the socket and the body of a request. */
async function startRawApp() {
  const handlers = new Map();
  const sockets = new Set();
  const app = { seen: [], sockets };
  const server = net.createServer((socket) => {
    let input = Buffer.alloc(0);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      input = input.length ? Buffer.concat([input, chunk]) : chunk;
      for (;;) {
        const end = input.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = input.subarray(0, end).toString('latin1');
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (input.length < end + 4 + length) return;
        const body = input.subarray(end + 4, end + 4 + length).toString();
        const [, method, path] = /^(\S+) (\S+)/.exec(head);
        input = input.subarray(end + 4 + length);
        app.seen.push(path);
        handlers.get(path)(socket, { method, path, body: body && JSON.parse(body) });
      }
    });
  });
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  app.url = `http://127.0.0.1:${server.address().port}`;
  app.on = (path, handler) => handlers.set(path, handler);
  app.count = (path) => app.seen.filter((seen) => seen === path).length;
  app.stop = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return app;
}

const answer = (value, status = '200 OK', more = '') => {
  const text = JSON.stringify(value);
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${more}\r\n${text}`;
};

const post = (path, body, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('hostile callers and apps', () => {
  let app;
  let pid;
  let sidecar;
  const slow = {};

  const echo = async (params = { n: Math.random() }) => {
    const { status, body, error } = await sidecar.json('POST', '/v1/call/good.echo', { params }, { timeout: 15000 });
    assert.strictEqual(status, 200, error);
    assert.deepStrictEqual(body.response, params);
  };
  /* Nothing of what came before has harmed it. */
  const serves = async () => {
    await echo();
    assert.ok(sidecar.alive, sidecar.child.output);
  };
  const call = (action, body = {}, timeout = 30000) => sidecar.json('POST', `/v1/call/${action}`, body, { timeout });
  const exchange = async (bytes, { timeout = 10000, method = 'POST' } = {}) => {
    const connection = new Connection(sidecar.port);
    connection.send(bytes);
    const response = await connection.read({ timeout, method });
    connection.destroy();
    return response;
  };

  before(async () => {
    app = await startRawApp();
    app.on('/echo', (socket, { body }) => socket.write(answer({ response: body.params })));
    app.on('/never', () => {});
    sidecar = await new Sidecar({}).listening();
    pid = sidecar.child.process.pid;
    await sidecar.register({
      name: 'good', settings: { baseUrl: app.url }, actions: { echo: '/echo' }, events: { 'good.happened': '/echo' },
    });
    await sidecar.register({ name: 'idle', settings: { baseUrl: app.url }, actions: { never: '/never' } });
    /* They take their time, while the other tests run; the last test looks at their answers. */
    slow.head = new Connection(sidecar.port);
    slow.head.send('POST /v1/call/good.echo HTTP/1.1\r\nHost: x\r\n');
    slow.trickle = setInterval(() => slow.head.ended || slow.head.send('X-A: 1\r\n'), 700);
    slow.body = new Connection(sidecar.port);
    slow.body.send('POST /v1/call/good.echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"par');
    slow.since = Date.now();
  });
  after(async () => {
    clearInterval(slow.trickle);
    slow.head?.destroy();
    slow.body?.destroy();
    if (sidecar?.alive) await sidecar.end();
    await app?.stop();
  });

  describe('requests', () => {
    const endpoints = [
      '/v1/call/good.echo', '/v1/emit/good.happened', '/v1/broadcast/good.happened', '/broadcast/good.happened', '/v1/registry/services',
    ];
    const faulty = {
      'no JSON': ['garbage', 400],
      'half an object': ['{"params":{"a":', 400],
      'a number': ['42', 400],
      'a text': ['"text"', 400],
      null: ['null', 400],
      'a null byte': ['{"params":"\0"}', 400],
      'bytes that are no UTF-8': [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
      'deep nesting': [`{"params":${'['.repeat(100000)}${']'.repeat(100000)}}`, 400],
      'a number that never ends': [`{"params":${'9'.repeat(1000000)}`, 400],
    };
    const wrong = [
      { params: {}, meta: 'text' }, { params: {}, meta: [1] }, { params: {}, options: 7 }, { params: {}, options: [] },
      { meta: 1e308 }, { options: true },
    ];

    for (const [what, [body, status]] of Object.entries(faulty)) {
      it(`${what} on every endpoint`, async () => {
        for (const path of endpoints) {
          const bytes = Buffer.concat([
            Buffer.from(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`),
            Buffer.from(body),
          ]);
          const response = await exchange(bytes);
          assert.strictEqual(response.status, status, `${path}: ${response.error ?? response.body}`);
          assert.strictEqual(JSON.parse(response.body).code, status);
        }
        await serves();
      });
    }

    it('wrong types of meta and options', async () => {
      for (const path of endpoints.slice(0, 4)) {
        for (const body of wrong) {
          const { status } = await sidecar.json('POST', path, body);
          assert.strictEqual(status, 422, `${path} ${JSON.stringify(body)}`);
        }
      }
    });

    it('schemas of wrong types are refused and change nothing', async () => {
      const bad = [
        {}, [], [null], [[]], { name: 5 }, { name: '' }, { name: '$node' }, { name: 'x', actions: 5 }, { name: 'x', actions: { a: 5 } },
        { name: 'x', actions: { a: null } }, { name: 'x', actions: { a: {} } }, { name: 'x', events: { e: [] } },
        { name: 'x', actions: { a: 'ftp://nowhere/' } }, { name: 'x', actions: { a: 'http://h/\r\nX: 1' } },
        { name: 'n'.repeat(256) }, { name: 'a\nb' }, { name: 'x', version: {} }, { name: 'x', settings: [] },
        { name: 'x', actions: { a: { handler: 'http://h/', params: 5 } } },
        { name: 'x', actions: { a: { handler: 'http://h/', params: { p: { type: 'no such' } } } } },
        { name: 'x', actions: { a: { handler: 'http://h/', params: { p: { type: 'string', pattern: '(' } } } } },
        { name: 'x', actions: { a: { handler: 'http://h/', timeout: 'soon' } } },
        [{ name: 'x' }, { name: 'x' }], [{ name: 'x' }, 5], { name: 'x', methods: {} },
      ];
      for (const schema of bad) {
        const { status } = await sidecar.json('POST', '/v1/registry/services', schema);
        assert.ok(status === 400 || status === 422, `${status} for ${JSON.stringify(schema).slice(0, 200)}`);
      }
      const { body } = await sidecar.json('GET', '/v1/registry/services?skipInternal=true');
      assert.deepStrictEqual(body.map(({ name }) => name).sort(), ['good', 'idle']);
    });

    it('numbers no clock can hold as timeouts', async () => {
      const timeouts = ['1e308', '1e400', '-1', '-1e400', '1e-400', '0.0001', '9223372036854775808', '"1e999"', '18446744073709551616'];
      for (const timeout of timeouts) {
        const response = await exchange(post('/v1/call/good.echo', `{"params":{"a":1},"options":{"timeout":${timeout},"retries":${timeout}}}`));
        assert.ok([200, 504].includes(response.status), `${timeout}: ${response.error ?? response.body}`);
      }
      await sidecar.register({
        name: 'clock', settings: { baseUrl: app.url },
        actions: { far: { handler: '/echo', timeout: 1e308, retryPolicy: { delay: 1e308, maxDelay: 1e308, factor: 1e308, retries: 1e308 } } },
        events: {
          'clock.late': { handler: '/echo', debounce: 1e308 }, 'clock.rare': { handler: '/echo', throttle: 1e308 },
        },
      });
      for (const event of ['clock.late', 'clock.late', 'clock.rare', 'clock.rare']) {
        assert.strictEqual((await sidecar.request('POST', `/v1/emit/${event}`, {})).status, 200);
      }
      const response = await exchange(post('/v1/call/clock.far', '{"params":{"a":1}}'));
      assert.strictEqual(response.status, 200, response.body);
      await serves();
    });

    it('paths that nobody knows', async () => {
      const paths = [
        '/', '//', '/v1', '/v1/', '/v1/call', '/v1/call/', '/v1/call/a/b', '/v2/call/x', '/../etc/passwd', '/v1/registry', '/%00', '/v1/%2e%2e',
        `/${'a'.repeat(8000)}`, '/v1/emit/', '/v1/registry/services/x/y',
      ];
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        for (const path of paths) {
          const response = await exchange(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
          assert.strictEqual(response.status, 404, `${method} ${path.slice(0, 50)}: ${response.error ?? response.body}`);
        }
      }
      for (const name of ['%FF', '%C0%80', '%ED%A0%80', '%', '%zz']) {
        const response = await exchange(post(`/v1/call/${name}`, '{}'));
        assert.strictEqual(response.status, 400, `${name}: ${response.body}`);
      }
      for (const name of ['%00', '%0d%0aX:%201', `${'n'.repeat(8000)}`, '%F0%9F%92%A9', '*', '>', '$node', '__proto__']) {
        const response = await exchange(post(`/v1/call/${name}`, '{}'));
        assert.strictEqual(response.status, 404, `${name}: ${response.error ?? response.body}`);
        assert.strictEqual(response.headers.filter(([key]) => key === 'X').length, 0);
      }
      await serves();
    });
  });

  describe('bodies', () => {
    it('too large by its length: 413 before it is sent', async () => {
      for (const path of ['/v1/call/good.echo', '/v1/registry/services']) {
        const response = await exchange(
          `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${1e15}\r\n\r\n{`);
        assert.strictEqual(response.status, 413);
      }
      await serves();
    });

    it('chunked without end stops at the limit', async () => {
      const before = residentBytes(pid);
      const connection = new Connection(sidecar.port);
      const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
      let sent = 0;

      connection.send('POST /v1/call/good.echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
      while (!connection.ended && sent < 256 * MIB) {
        sent += 65536;
        if (!connection.socket.write(chunk)) await Promise.race([once(connection.socket, 'drain'), connection.until(() => connection.ended, 5000)]).catch(() => {});
      }
      const response = await connection.read({ method: 'POST' });
      connection.destroy();
      assert.ok(response.status === 413 || connection.failure, JSON.stringify(response));
      assert.ok(sent < 256 * MIB, `took ${sent} bytes`);
      assert.ok(residentBytes(pid) - before < 64 * MIB);
      await serves();
    });

    it('a body at the limit passes, one byte more does not', async () => {
      const frame = '{"params":""}';
      for (const [more, status] of [[0, 200], [1, 413]]) {
        const body = `{"params":"${'p'.repeat(BODY_LIMIT - frame.length + more)}"}`;
        const response = await exchange(post('/v1/call/good.echo', body), { timeout: 20000 });
        assert.strictEqual(response.status, status);
      }
      await serves();
    });

    it('a head of 16 KiB and one of 101 lines: 431', async () => {
      for (const lines of [`X-A: ${'a'.repeat(16 * 1024)}\r\n`, 'X-A: 1\r\n'.repeat(101)]) {
        const response = await exchange(post('/v1/call/good.echo', '{}', lines));
        assert.strictEqual(response.status, 431, JSON.stringify(response));
      }
      await serves();
    });

    it('thousands of chunks of one byte, each with an extension', async () => {
      const text = JSON.stringify({ params: 'x'.repeat(20000) });
      const chunks = [...text].map((c) => `1;x=y\r\n${c}\r\n`).join('');
      const response = await exchange(
        `POST /v1/call/good.echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
      assert.ok([200, 400].includes(response.status), JSON.stringify(response).slice(0, 300));
      await serves();
    });
  });

  describe('schemas that cost', () => {
    const rounds = [];
    const timed = async (what, work, ms) => {
      const since = performance.now();
      await work();
      const took = performance.now() - since;
      rounds.push([what, took]);
      assert.ok(took < ms * (isSanitized(pid) ? 5 : 1), `${what} took ${took} ms`);
    };
    const fill = (from, item, to = BODY_LIMIT - 1000) => {
      const items = [];
      for (let n = 0, size = 0; size < to; n++) {
        items.push(item(n));
        size += items[n].length + 1;
      }
      return `${from[0]}${items.join()}${from[1]}`;
    };
    const register = async (body) => {
      const response = await exchange(post('/v1/registry/services', body), { timeout: 60000 });
      assert.ok([200, 400].includes(response.status), JSON.stringify(response).slice(0, 300));
      await sidecar.request('DELETE', '/v1/registry/services/many');
      return response.status;
    };

    it('a list of as many services as fit into a body', () => timed('services', async () => {
      assert.strictEqual(await register(fill(['[', ']'], (n) => `{"name":"s${n}"}`)), 400);
      await serves();
    }, 3000));

    it('one service of as many actions as fit', () => timed('actions', async () => {
      await register(fill(['{"name":"many","actions":{', '}}'], (n) => `"a${n}":"http://h/"`));
      await serves();
    }, 3000));

    it('one service of as many events as fit', () => timed('events', async () => {
      await register(fill(['{"name":"many","events":{', '}}'], (n) => `"e${n}":"http://h/"`));
      await serves();
    }, 3000));

    it('one service of as many wildcards as fit', () => timed('wildcards', async () => {
      await register(fill(['{"name":"many","events":{', '}}'], (n) => `"*.**.${n}.*":"http://h/"`));
      await serves();
    }, 3000));

    it('patterns and regular expressions that explode', () => timed('patterns', async () => {
      const events = { [`${'**.'.repeat(60)}x`]: '/echo', [`${'*'.repeat(200)}x`]: '/echo' };
      const params = { t: { type: 'string', pattern: '^(a+)+$' }, e: { type: 'string', pattern: '(x+x+)+y', optional: true } };
      await sidecar.register({ name: 'many', settings: { baseUrl: app.url }, events, actions: { a: { handler: '/echo', params } } });
      const { status } = await sidecar.json('POST', `/v1/emit/${'a.'.repeat(100)}y`, {}, { timeout: 20000 });
      assert.strictEqual(status, 200);
      const response = await call('many.a', { params: { t: `${'a'.repeat(5000)}!`, e: 'x'.repeat(5000) } });
      assert.ok([422, 500].includes(response.status), JSON.stringify(response));
      await sidecar.unregister('many');
    }, 3000));
  });

  describe('connections', () => {
    const limit = Number(/Max open files\s+(\d+)/.exec(fs.readFileSync('/proc/self/limits', 'utf8'))[1]);
    const idle = Math.min(10000, limit - 500);

    it(`${idle} idle connections while calls go on`, async () => {
      const before = residentBytes(pid);
      const sockets = [];
      for (let n = 0; n < idle; n += 500) {
        await Promise.all(Array.from({ length: Math.min(500, idle - n) }, async () => {
          const socket = net.connect(sidecar.port, '127.0.0.1');
          socket.on('error', () => {});
          sockets.push(socket);
          await once(socket, 'connect');
        }));
        await serves();
      }
      assert.strictEqual(sockets.filter((socket) => socket.destroyed).length, 0);
      await serves();
      const grown = (residentBytes(pid) - before) / idle;
      const total = residentBytes(pid);
      for (const socket of sockets) socket.destroy();
      if (!isSanitized(pid)) {
        assert.ok(grown < 4096, `${grown} bytes a connection`);
        assert.ok(total < 120 * MIB, `${total} bytes`);
      }
      await serves();
    });

    it('a pipelined flood is answered in order', async () => {
      const connection = new Connection(sidecar.port);
      const count = 5000;
      let got = '';
      connection.socket.removeAllListeners('data');
      connection.socket.on('data', (chunk) => { got += chunk; });
      for (let n = 0; n < count; n++) connection.send(post('/v1/call/good.echo', `{"params":"<${n}>"}`));
      const numbers = await until('all answers', () => {
        const found = got.match(/<\d+>/g) ?? [];
        return found.length === count && found;
      }, 20000);
      assert.deepStrictEqual(numbers, Array.from({ length: count }, (_, n) => `<${n}>`));
      connection.destroy();
      await serves();
    });

    it('clients that never read: their memory is bounded, the others are served', async () => {
      const before = residentBytes(pid);
      const request = post('/v1/call/good.echo', `{"params":"${'p'.repeat(64 * 1024)}"}`);
      const stuck = Array.from({ length: 8 }, () => {
        const socket = net.connect(sidecar.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.pause();
        for (let n = 0; n < 600; n++) socket.write(request);
        return socket;
      });
      let peak = 0;
      for (let n = 0; n < 50; n++) {
        await echo();
        peak = Math.max(peak, residentBytes(pid));
      }
      for (const socket of stuck) socket.destroy();
      assert.ok(peak - before < (isSanitized(pid) ? 512 : 160) * MIB, `grown by ${peak - before}`);
      await serves();
    });

    it('clients that vanish: the request to the app is closed', async () => {
      const quiet = app.sockets.size;
      const clients = Array.from({ length: 50 }, () => {
        const connection = new Connection(sidecar.port);
        connection.send(post('/v1/call/idle.never', '{}'));
        return connection;
      });
      await until('the app has them all', () => app.count('/never') >= 50);
      assert.ok(app.sockets.size >= 50);
      for (const connection of clients) connection.destroy();
      await until('their connections are closed', () => app.sockets.size <= quiet);
      const emit = new Connection(sidecar.port);
      emit.send(post('/v1/emit/good.happened', '{}'));
      emit.destroy();
      await serves();
    });
  });

  describe('apps', () => {
    const bad = {
      garbage: [(socket) => socket.end('this is no HTTP\r\n\r\n'), 502],
      'a null byte': [(socket) => socket.end('\0\0\0\0'), 502],
      nothing: [(socket) => socket.destroy(), 503],
      'an empty end': [(socket) => socket.end(), 503],
      'half a head': [(socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: app'), 502],
      'half a body': [(socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"resp'), 502],
      'half a chunked body': [(socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{'), 502],
      'a reset in the body': [(socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{', () => socket.resetAndDestroy());
      }, 502],
      'two lengths': [(socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}'), 502],
      'a head that never ends': [(socket) => socket.write(`HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(100000)}`), 502],
      'no JSON': [(socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{]}'), 502],
      'deep JSON': [(socket) => {
        const text = `{"response":${'['.repeat(5000)}${']'.repeat(5000)}}`;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      }, 502],
      'a compressed body that is none': [(socket) => socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd'), 502],
      'a body of more than 64 MiB by its length': [(socket) => socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${APP_ANSWER_LIMIT + 1}\r\n\r\n{`), 502],
      'a length no machine has': [(socket) => socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999999\r\n\r\n{'), 502],
      'a redirect to nowhere': [(socket) => socket.write('HTTP/1.1 302 Found\r\nLocation: gopher://x/\r\nContent-Length: 0\r\n\r\n'), 502],
      'a redirect to a socket of the machine': [(socket) => socket.write(
        'HTTP/1.1 307 Moved\r\nLocation: unix:/run/docker.sock:/\r\nContent-Length: 0\r\n\r\n'), 502],
      'a status HTTP does not have': [(socket) => socket.write(answer({ response: 1, meta: { $statusCode: 7 } })), 500],
      'an error of wrong types': [(socket) => socket.write(answer({ error: { name: 5, message: [], code: 1e308, type: {}, data: 7 } }, '500 X')), 500],
      'an interim answer without end': [(socket) => {
        const more = () => {
          while (!socket.destroyed && socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)));
        };
        socket.on('drain', more);
        more();
      }, 502],
    };

    for (const [what, [reply, status, timeout = 10000]] of Object.entries(bad)) {
      it(`that send ${what}: ${status}`, async () => {
        app.on('/bad', reply);
        await sidecar.register({ name: 'bad', settings: { baseUrl: app.url }, actions: { run: '/bad' } });
        const response = await call('bad.run', { options: { timeout } });
        assert.strictEqual(response.status, status, JSON.stringify(response.body));
        await serves();
      });
    }

    it('that never answer: the deadline ends the request', async () => {
      const quiet = app.sockets.size;
      const since = performance.now();
      const { status } = await call('idle.never', { options: { timeout: 300 } });
      assert.strictEqual(status, 504);
      assert.ok(performance.now() - since < 5000);
      await until('the connection is closed', () => app.sockets.size <= quiet);
    });

    it('that answer byte by byte', async () => {
      app.on('/bytes', (socket, { body }) => {
        const text = answer({ response: body.params });
        let at = 0;
        socket.setNoDelay(true);
        const next = () => at < text.length && !socket.destroyed && socket.write(text[at++], () => setImmediate(next));
        next();
      });
      await sidecar.register({ name: 'bytes', settings: { baseUrl: app.url }, actions: { run: '/bytes' } });
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => call('bytes.run', { params: { n } })));
      answers.forEach(({ body }, n) => assert.deepStrictEqual(body.response, { n }));
    });

    it('that answer without end: 502 at 64 MiB, and the connection is closed', async () => {
      let sent = 0;
      let closed = false;
      app.on('/endless', (socket) => {
        const chunk = `10000\r\n${' '.repeat(65536)}\r\n`;
        const more = () => {
          do sent += 65536; while (!socket.destroyed && socket.write(chunk));
        };
        socket.on('close', () => { closed = true; });
        socket.on('drain', more);
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
        more();
      });
      await sidecar.register({ name: 'endless', settings: { baseUrl: app.url }, actions: { run: '/endless' } });
      const { status } = await call('endless.run');
      assert.strictEqual(status, 502);
      await until('the connection is closed', () => closed);
      assert.ok(sent >= APP_ANSWER_LIMIT && sent < APP_ANSWER_LIMIT + 16 * MIB, `${sent} bytes`);
      await serves();
    });

    it('whose answer is too large with its headers: 500', async () => {
      const meta = { $responseHeaders: { 'X-A': '\n'.repeat(30 * MIB) } }; // five bytes each
      app.on('/swelling', (socket) => socket.write(answer({ meta })));
      await sidecar.register({ name: 'swelling', settings: { baseUrl: app.url }, actions: { run: '/swelling' } });
      const { status, body } = await call('swelling.run');
      assert.strictEqual(status, 500);
      assert.deepStrictEqual(body,
        { name: 'MoleculerError', message: 'The answer is too large.', code: 500, type: 'ANSWER_TOO_LARGE' });
      await serves();
    });

    it('that redirect in a circle: 20 times, no more', async () => {
      app.on('/circle', (socket) => socket.write('HTTP/1.1 307 Again\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n'));
      await sidecar.register({ name: 'circle', settings: { baseUrl: app.url }, actions: { run: '/circle' } });
      const { status, body } = await call('circle.run');
      assert.strictEqual(status, 500);
      assert.strictEqual(body.error.type, 'max-redirect');
      assert.strictEqual(app.count('/circle'), 21);
    });

    it('that are registered anew while a handler of theirs fails', async () => {
      let release;
      app.on('/late', (socket) => { release = () => socket.write(answer({}, '500 No')); });
      app.on('/late-circle', (socket) => { release = () => socket.write('HTTP/1.1 307 Again\r\nLocation: gopher:x\r\nContent-Length: 0\r\n\r\n'); });
      const schema = (path, n) => ({ name: 'late', settings: { baseUrl: app.url, n }, actions: { run: path }, events: { 'late.event': path } });
      for (const [path, how, status] of [['/late', 'emit/late.event', 200], ['/late', 'call/late.run', 500], ['/late-circle', 'call/late.run', 502]]) {
        release = null;
        await sidecar.register(schema(path, 0));
        const running = sidecar.json('POST', `/v1/${how}`, {});
        await until('the handler runs', () => release);
        await sidecar.register(schema(path, 1));
        await sidecar.unregister('late');
        release();
        assert.strictEqual((await running).status, status);
      }
      await serves();
    });
  });

  describe('load', () => {
    it('100,000 events', async () => {
      const count = 100000;
      const before = app.count('/echo');
      const sockets = Array.from({ length: 50 }, () => new Connection(sidecar.port));
      let answered = 0;
      for (const connection of sockets) {
        connection.socket.removeAllListeners('data');
        connection.socket.on('data', (chunk) => { answered += chunk.toString('latin1').split('HTTP/1.1 200 OK').length - 1; });
      }
      const events = post('/v1/emit/nobody.listens', '{"params":{"a":1}}').repeat(count / sockets.length / 10 - 1) +
        post('/v1/emit/good.happened', '{"params":{"a":1}}');
      for (let n = 0; n < 10; n++) for (const connection of sockets) connection.send(events);
      /* A status line may be cut by a read; then the app has been asked all the same. */
      await until('the app has its share', () => app.count('/echo') - before === 500, 40000);
      await until('nearly all are answered', () => answered > count * 0.99, 20000);
      for (const connection of sockets) connection.destroy();
      await serves();
    });

    it('1,000 services are registered, and again under load: no call fails', async () => {
      const schema = (n, round) => ({
        name: `svc-${n}`, settings: { baseUrl: app.url, round }, actions: { echo: '/echo', [`only${round % 2}`]: '/echo' },
        events: { [`svc.${n}`]: '/echo' },
      });
      const all = (round) => Array.from({ length: 1000 }, (_, n) => schema(n, round));
      const { status } = await sidecar.json('POST', '/v1/registry/services', all(0), { timeout: 20000 });
      assert.strictEqual(status, 200);
      let done = false;
      let calls = 0;
      const callers = Array.from({ length: 8 }, async (_, caller) => {
        while (!done) {
          const n = calls++ % 1000;
          const { status: got, body, error } = await call(`svc-${n}.echo`, { params: { caller } });
          assert.strictEqual(got, 200, error ?? JSON.stringify(body));
        }
      });
      try {
        for (let round = 1; round <= 4; round++) {
          const { status: again } = await sidecar.json('POST', '/v1/registry/services', all(round), { timeout: 20000 });
          assert.strictEqual(again, 200);
          for (let n = 0; n < 50; n++) await sidecar.register(schema(n, round + 1));
        }
        await until('calls have gone on', () => calls > 500, 20000);
      } finally {
        done = true;
      }
      await Promise.all(callers);
      await Promise.all(Array.from({ length: 1000 }, (_, n) => sidecar.unregister(`svc-${n}`)));
      await serves();
    });
  });

  describe('at the end', () => {
    it('who trickles a head is told 408 after 30 seconds', async () => {
      const response = await slow.head.read({ method: 'POST', timeout: 40000 });
      assert.strictEqual(response.status, 408);
      assert.ok(Date.now() - slow.since >= 29000);
    });

    it('who stops within a body is told 408 after 60 seconds', async () => {
      const response = await slow.body.read({ method: 'POST', timeout: 70000 });
      assert.strictEqual(response.status, 408);
      assert.ok(Date.now() - slow.since >= 59000);
    });

    it('a stop does not wait for clients that hold their connections', async () => {
      const half = new Connection(sidecar.port);
      half.send('POST /v1/call/good.echo HTTP/1.1\r\nHost: x\r\n');
      const trickling = new Connection(sidecar.port);
      trickling.send('POST /v1/emit/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
      const timer = setInterval(() => trickling.ended || trickling.send('x'), 200);
      const hanging = new Connection(sidecar.port);
      hanging.send(post('/v1/call/idle.never', '{}'));
      await until('the app has the call', () => app.seen.at(-1) === '/never');
      await serves();
      const since = Date.now();
      const exit = await sidecar.child.stop('SIGTERM', 20000);
      clearInterval(timer);
      for (const connection of [half, trickling, hanging]) connection.destroy();
      assert.deepStrictEqual(exit, { code: 0, signal: null }, sidecar.child.output);
      assert.ok(Date.now() - since < 13000, `took ${Date.now() - since} ms`);
    });
  });
});
