// SPDX-License-Identifier: MIT
// Packets no sane node would send: the sidecar stays, tells, and goes on serving the others.
import assert from 'node:assert';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { call, faultOf, generations, knows, knowsListener, learns, named, registryNode, Stage, until } from './stage.mjs';

const TOPICS = ['DISCOVER', 'INFO', 'HEARTBEAT', 'DISCONNECT', 'PING', 'DISCOVER.sidecar', 'INFO.sidecar', 'REQ.sidecar',
  'RES.sidecar', 'EVENT.sidecar', 'PING.sidecar', 'PONG.sidecar'];

const deep = (depth) => '['.repeat(depth) + ']'.repeat(depth);
const garbage = {
  nothing: '',
  'no JSON': 'this is not JSON',
  'half an object': '{"ver":"4","sender":"x","services":[',
  'a null byte': '\0',
  'bytes that are no UTF-8': Buffer.from([0xff, 0xfe, 0x80, 0x22, 0x7b]),
  'a list': '[1,2,3]',
  'a number': '42',
  null: 'null',
  'an empty object': '{}',
  'deep nesting': `{"ver":"4","sender":"x","params":${deep(100000)}}`,
  'a number as version': '{"ver":4,"sender":"x"}',
  'a version of old': '{"ver":"3","sender":"x"}',
  'no sender': '{"ver":"4"}',
  'an object as sender': '{"ver":"4","sender":{"a":1}}',
  'an empty sender': '{"ver":"4","sender":""}',
  'a sender with blanks and stars': '{"ver":"4","sender":"a *.> b"}',
  'a sender of 100 kB': `{"ver":"4","sender":"${'s'.repeat(100000)}"}`,
  'duplicate members': '{"ver":"4","sender":"x","sender":"y","ver":"5"}',
  'members of wrong types': JSON.stringify({
    ver: '4', sender: 'wrong', id: 5, action: { no: 1 }, event: [], params: null, meta: 'text', headers: 7, timeout: 'soon',
    level: 'deep', tracing: 'x', parentID: {}, requestID: [], caller: 1, stream: 'maybe', seq: 'first', success: 'sure',
    data: { a: 1 }, error: 'oops', groups: 'all', broadcast: 'yes', services: 'none', ipList: {}, hostname: [], client: 3,
    config: [], instanceID: 9, metadata: 'm', cpu: 'much', time: 'now', arrived: {},
  }),
  'huge numbers': '{"ver":"4","sender":"big","id":"i","action":"local.echo","timeout":1e308,"level":99999999999999999999,' +
    '"seq":-1,"cpu":1e400,"time":-1e300,"services":[],"instanceID":"i"}',
};

/* INFO packets whose services lie in some way. */
const services = {
  'null as a service': [null],
  'a text as a service': ['x'],
  'a service without a name': [{ actions: {} }],
  'actions as a list': [{ name: 'liar-a', fullName: 'liar-a', actions: [{ name: 'liar-a.x' }] }],
  'actions as a number': [{ name: 'liar-b', fullName: 'liar-b', actions: 5, events: 6 }],
  'null as an action': [{ name: 'liar-c', fullName: 'liar-c', actions: { 'liar-c.x': null }, events: { e: null } }],
  'an action without a name': [{ name: 'liar-d', fullName: 'liar-d', actions: { 'liar-d.x': {} }, events: { e: {} } }],
  'an event of wildcards only': [{ name: 'liar-e', fullName: 'liar-e', actions: {}, events: { '**********a': { name: '**********a' } } }],
  'another\'s action': [{ name: 'local', fullName: 'local', actions: { '$node.list': { name: '$node.list' } } }],
  'a name of 100 kB': [{ name: 'n'.repeat(100000), actions: {} }],
  '5,000 services': Array.from({ length: 5000 }, (_, n) => ({ name: `many-${n}`, fullName: `many-${n}`, actions: {}, events: {} })),
};

function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

describe('hostile packets', () => {
  const stage = new Stage();
  let app;
  let js;
  let sidecar;
  let wire;

  before(async () => {
    await stage.nats(-1);
    wire = await stage.wire();
    app = await stage.app();
    app.on('/echo', ({ body }) => ({ response: body.params }));
    app.on('/big', ({ body }) => ({ response: 'b'.repeat(body.params.bytes) }));
    sidecar = await stage.sidecar({ SIDECAR_BODY_LIMIT: '8388608' });
    await sidecar.register({
      name: 'local', settings: { baseUrl: app.url }, actions: { echo: '/echo', big: '/big' }, events: { flood: '/flood' },
    });
    js = await stage.node(5, 'js', [{
      name: 'remote',
      actions: { echo: (ctx) => ctx.params, big: (ctx) => 'b'.repeat(ctx.params.bytes) },
    }]);
    await knows(js, 'local.echo', 'sidecar');
    await knowsListener(js, 'flood', 'sidecar');
    await learns(sidecar, 'remote.echo', 'js');
  });
  after(() => stage.stop());

  /* Everything sent before has been read, and both directions still work. */
  const serves = async () => {
    await wire.flush();
    const params = { n: Math.random() };
    /* The JavaScript node has a share of what is sent to all, and is the slower one. */
    assert.deepStrictEqual(await js.call('local.echo', params, { timeout: 20000 }), params);
    assert.deepStrictEqual((await call(sidecar, 'remote.echo', { params }, { timeout: 20000 })).body?.response, params);
    assert.ok(sidecar.alive);
  };

  for (const [what, body] of Object.entries(garbage)) {
    it(`${what} on every topic`, async () => {
      for (const topic of TOPICS) wire.send(topic, body);
      await serves();
    });
  }

  it('what is refused is logged', () => {
    assert.match(sidecar.child.output, /WARN|ERROR/i);
  });

  for (const [what, list] of Object.entries(services)) {
    it(`INFO with ${what}`, async () => {
      wire.send('INFO', {
        ver: '5', sender: `liar ${what}`.replaceAll(/[^a-z]/gi, '-'), services: list, ipList: [], hostname: 'h', config: {},
        client: {}, instanceID: 'i', metadata: {}, seq: 1,
      });
      await serves();
      const { status } = await sidecar.request('GET', '/v1/registry/services?withActions=true&withEvents=true');
      assert.strictEqual(status, 200);
    });
  }

  it('another node cannot take over $node', async () => {
    const { body } = await call(sidecar, '$node.list');
    assert.ok(body.response.some(({ id }) => id === 'sidecar'));
  });

  it('answers nobody waits for, twice and of strangers', async () => {
    for (let n = 0; n < 200; n++) {
      wire.send('RES.sidecar', { ver: '5', sender: 'js', id: `orphan-${n}`, success: true, data: 1, meta: {} });
    }
    await serves();
  });

  it('a request answered by a forged failure ends in an error for the caller', async () => {
    for (const error of [null, 'text', { name: 7, message: {}, code: [] }, {}]) {
      wire.forget();
      wire.send('INFO', {
        ver: '5', sender: 'forger', ipList: [], hostname: 'h', config: {}, client: {}, instanceID: 'f', metadata: {},
        seq: Date.now(), services: [{ name: 'forged', fullName: 'forged', actions: { 'forged.a': { name: 'forged.a' } }, events: {} }],
      });
      await learns(sidecar, 'forged.a', 'forger');
      const pending = call(sidecar, 'forged.a', {}, { timeout: 6000 });
      const { packet } = await wire.packet('REQ', ({ type, target }) => type === 'REQ' && target === 'forger');
      wire.send('RES.sidecar', { ver: '5', sender: 'forger', id: packet.id, success: false, error, data: null, meta: 5 });
      const { status, body } = await pending;
      assert.ok(status >= 400 && status < 600, `status ${status}`);
      assert.ok(body.error, JSON.stringify(body));
    }
  });

  it('a node that heartbeats under thousands of names does not fill the memory', async () => {
    const before = residentBytes(sidecar.child.process.pid);
    for (let n = 0; n < 20000; n++) wire.send('HEARTBEAT', { ver: '5', sender: `ghost-${n}`, cpu: 1 });
    await serves();
    const grown = residentBytes(sidecar.child.process.pid) - before;
    assert.ok(grown < 64e6, `grown by ${grown} bytes`);
  });

  it('50,000 events and requests at once: it lives, and its memory has a bound', async () => {
    app.on('/flood', () => ({}));
    let answers = 0;
    wire.onPacket(({ type, target }) => {
      if (type === 'RES' && target === 'flooder') answers++;
    });
    for (let n = 0; n < 25000; n++) {
      wire.send('EVENT.sidecar', { ver: '5', sender: 'flooder', id: `e${n}`, event: 'flood', data: n, broadcast: true, meta: {} });
      wire.send('REQ.sidecar', {
        ver: '5', sender: 'flooder', id: `r${n}`, action: 'local.echo', params: { n }, meta: {}, level: 1, timeout: 60000,
      });
    }
    let peak = 0;
    await until('every request is answered', () => {
      peak = Math.max(peak, residentBytes(sidecar.child.process.pid));
      return answers === 25000;
    }, 60000);
    assert.ok(peak < 400e6, `${peak} bytes at the peak`);
    await serves();
    const { status } = await sidecar.request('GET', '/ready');
    assert.strictEqual(status, 200);
  });
});

for (const version of generations) {
  describe(`packets over the limit of NATS, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let js;
    let sidecar;

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/big', ({ body }) => ({ response: 'b'.repeat(body.params.bytes) }));
      sidecar = await stage.sidecar();
      await sidecar.register({ name: 'local', settings: { baseUrl: app.url }, actions: { big: '/big' } });
      js = await stage.node(version, 'js', [{ name: 'remote', actions: { size: (ctx) => ctx.params.text.length } }]);
      await knows(js, 'local.big', 'sidecar');
      await learns(sidecar, 'remote.size', 'js');
    });
    after(() => stage.stop());

    it('an answer over max_payload is an error that says so', async () => {
      const err = await faultOf(js.call('local.big', { bytes: 2_000_000 }, { timeout: 8000 }));
      assert.notStrictEqual(err.type, 'REQUEST_TIMEOUT');
      assert.match(err.message, /too large|max_payload|limit|size/i);
      assert.strictEqual((await js.call('local.big', { bytes: 1000 })).length, 1000);
    });

    it('a request over max_payload is an error that says so', async () => {
      const { status, body } = await call(sidecar, 'remote.size', { params: { text: 'x'.repeat(2_000_000) } });
      assert.ok(status >= 400, `status ${status}`);
      assert.match(body.error.message, /too large|max_payload|limit|size/i);
      const small = await call(sidecar, 'remote.size', { params: { text: 'xx' } });
      assert.strictEqual(small.body.response, 2);
      assert.strictEqual((await registryNode(sidecar, 'js')).available, true);
    });

    it('an emit over max_payload does no harm', async () => {
      const { status } = await sidecar.request('POST', '/v1/broadcast/x', { params: 'x'.repeat(2_000_000) });
      assert.strictEqual(status, 200);
      assert.strictEqual((await call(sidecar, 'remote.size', { params: { text: 'x' } })).body.response, 1);
    });
  });
}
