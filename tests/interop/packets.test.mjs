// SPDX-License-Identifier: MIT
// Packets as they stand on the wire, of both protocols, with their members and order of life (docs/protocol.md).
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import {
  call, generations, hears, knows, learns, named, registryNode, sees, Stage, until,
} from './stage.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const keys = (object) => Object.keys(object).sort();

/* A cluster of one generation: of packets that go to all, only that protocol is heard. */
for (const version of generations) {
  const v5 = version === 5;

  for (const protocol of ['auto', String(version)]) {
    describe(`packets of PROTOCOLVERSION=${protocol} beside ${named(version)}`, () => {
      const stage = new Stage();
      let app;
      let wire;
      let js;
      let sidecar;

      before(async () => {
        await stage.nats();
        app = await stage.app();
        app.on('/echo', ({ body }) => ({ response: body.params }));
        wire = await stage.wire();
        js = await stage.node(version, 'js', [{
          name: 'remote', actions: { echo: (ctx) => ctx.params }, events: { 'to.js'() {} },
        }], { heartbeatInterval: 1 });
        sidecar = await stage.sidecar({ PROTOCOLVERSION: protocol, HEARTBEATINTERVAL: '1' });
        await sidecar.register({
          name: 'local', version: 1, metadata: { zone: 'a' },
          settings: { baseUrl: app.url, secret: 'x', shown: 1, $secureSettings: ['secret'] },
          actions: {
            echo: { handler: '/echo', params: { a: 'number|optional' }, description: 'says it again' },
            hidden: { handler: '/echo', visibility: 'private' },
            inner: { handler: '/echo', visibility: 'protected' },
          },
          events: { 'to.app': { handler: '/echo', group: 'others' } },
        });
        await knows(js, 'v1.local.echo', 'sidecar');
        await learns(sidecar, 'remote.echo', 'js');
        await hears(sidecar, 'to.js', 'js');
      });
      after(() => stage.stop());

      it('DISCOVER comes first and to all', async () => {
        const [first] = wire.heard(null, 'sidecar');
        assert.strictEqual(first.type, 'DISCOVER');
        assert.strictEqual(first.target, '');
        assert.deepStrictEqual(keys(first.packet), ['sender', 'ver']);
        const versions = wire.heard('DISCOVER', 'sidecar').filter(({ target }) => !target).map(({ packet }) => packet.ver);
        assert.deepStrictEqual([...versions].sort(), protocol === 'auto' ? ['4', '5'] : [protocol]);
      });

      it('INFO tells services with growing seq and one instanceID', async () => {
        const infos = wire.heard('INFO', 'sidecar').map(({ packet }) => packet);
        const info = infos.at(-1);
        assert.deepStrictEqual(keys(info), ['client', 'config', 'hostname', 'instanceID', 'ipList', 'metadata',
          'sender', 'seq', 'services', 'ver']);
        assert.match(info.instanceID, UUID);
        assert.ok(infos.every(({ instanceID }) => instanceID === info.instanceID));
        for (let n = 1; n < infos.length; n++) assert.ok(infos[n].seq >= infos[n - 1].seq);
        assert.deepStrictEqual(info.config, {});
        assert.deepStrictEqual(keys(info.client), ['langVersion', 'type', 'version']);
        assert.ok(Array.isArray(info.ipList) && info.ipList.length > 0);
        assert.deepStrictEqual(info.services.map(({ fullName }) => fullName).sort(), ['$node', 'v1.local']);
        const { name, version: of, fullName, settings, metadata, actions, events } =
          info.services.find((service) => service.name === 'local');
        assert.deepStrictEqual({ name, of, fullName, metadata }, {
          name: 'local', of: 1, fullName: 'v1.local', metadata: { zone: 'a' },
        });
        assert.deepStrictEqual(settings, { baseUrl: app.url, shown: 1 });
        assert.deepStrictEqual(actions, {
          'v1.local.echo': {
            name: 'v1.local.echo', rawName: 'echo', params: { a: 'number|optional' }, description: 'says it again',
          },
          'v1.local.inner': { name: 'v1.local.inner', rawName: 'inner', visibility: 'protected' },
        });
        assert.deepStrictEqual(events, { 'to.app': { name: 'to.app', group: 'others' } });
      });

      it('only the version that is spoken here is told to all', async () => {
        const spoken = (type) => wire.heard(type, 'sidecar')
          .filter(({ target, packet }) => !target && packet.services?.length !== 0).map(({ packet }) => packet.ver);
        await wire.packet('a heartbeat', ({ type, packet }) => type === 'HEARTBEAT' && packet?.sender === 'sidecar');
        assert.deepStrictEqual(new Set(spoken('HEARTBEAT')), new Set([String(version)]));
        assert.ok(spoken('INFO').every((ver) => ver === String(version)));
      });

      it('HEARTBEAT has the load and comes again', async () => {
        const mine = ({ type, packet }) => type === 'HEARTBEAT' && packet?.sender === 'sidecar';
        wire.forget();
        const { packet } = await wire.packet('a heartbeat', mine);
        assert.deepStrictEqual(keys(packet), ['cpu', 'sender', 'ver']);
        assert.ok(packet.cpu === null || (Number.isInteger(packet.cpu) && packet.cpu >= 0 && packet.cpu <= 100));
        await until('a second one', () => wire.heard('HEARTBEAT', 'sidecar').length >= 2);
      });

      it('DISCOVER to it is answered with INFO to the sender, in its version', async () => {
        wire.forget();
        wire.send('DISCOVER.sidecar', { ver: String(version), sender: 'stranger' });
        const { packet } = await wire.packet('INFO', ({ type, target }) => type === 'INFO' && target === 'stranger');
        assert.strictEqual(packet.ver, String(version));
        wire.send('DISCOVER', { ver: String(version), sender: 'stranger-2' });
        await wire.packet('INFO', ({ type, target }) => type === 'INFO' && target === 'stranger-2');
      });

      it('HEARTBEAT of a stranger is answered with DISCOVER to it', async () => {
        wire.send('HEARTBEAT', { ver: String(version), sender: 'unknown-node', cpu: 1 });
        const { packet } = await wire.packet('DISCOVER', ({ type, target, packet: { sender } = {} }) =>
          type === 'DISCOVER' && target === 'unknown-node' && sender === 'sidecar');
        assert.strictEqual(packet.ver, String(version));
      });

      it('PING is answered with PONG, to it and to all', async () => {
        for (const topic of ['PING.sidecar', 'PING']) {
          wire.forget();
          wire.send(topic, { ver: String(version), sender: 'stranger', time: 1234567890123, id: 'ping-id' });
          const { packet } = await wire.packet('PONG', ({ type, target, packet: { sender } = {} }) =>
            type === 'PONG' && target === 'stranger' && sender === 'sidecar');
          assert.deepStrictEqual(keys(packet), ['arrived', 'id', 'sender', 'time', 'ver']);
          assert.strictEqual(packet.time, 1234567890123);
          assert.strictEqual(packet.id, 'ping-id');
          assert.ok(Math.abs(packet.arrived - Date.now()) < 10000);
        }
      });

      it('the JavaScript node pings it', async () => {
        const pong = await js.ping('sidecar', 3000);
        assert.strictEqual(pong.nodeID, 'sidecar');
        assert.ok(pong.elapsedTime >= 0 && Math.abs(pong.timeDiff) < 1000);
      });

      it('REQ and RES have the members of their version', async () => {
        wire.forget();
        await call(sidecar, 'remote.echo', { params: { a: 1 }, meta: { m: 1 }, options: { timeout: 5000 } });
        const { packet: req, target } = await wire.packet('REQ', ({ type }) => type === 'REQ');
        assert.strictEqual(target, 'js');
        assert.deepStrictEqual(keys(req), [
          'action', 'caller', ...(v5 ? ['headers'] : []), 'id', 'level', 'meta', 'params', 'parentID', 'requestID',
          'sender', 'stream', 'timeout', 'tracing', 'ver',
        ]);
        const { id, requestID, timeout, headers, ...rest } = req;
        assert.match(id, UUID);
        assert.match(requestID, UUID);
        assert.ok(timeout > 4000 && timeout <= 5000);
        if (v5) assert.deepStrictEqual(headers, {});
        assert.deepStrictEqual(rest, {
          ver: String(version), sender: 'sidecar', action: 'remote.echo', params: { a: 1 }, meta: { m: 1 }, level: 1,
          tracing: null, parentID: null, caller: '$sidecar', stream: false,
        });

        wire.forget();
        await js.call('v1.local.echo', { a: 2 }, { meta: { n: 1 } });
        const { packet: res } = await wire.packet('RES', ({ type, packet: p }) => type === 'RES' && p?.sender === 'sidecar');
        const { packet: asked } = await wire.packet('REQ', ({ type }) => type === 'REQ');
        assert.deepStrictEqual(res, {
          id: asked.id, meta: { n: 1 }, ...(v5 ? { headers: {} } : {}), success: true, data: { a: 2 },
          ver: String(version), sender: 'sidecar',
        });
      });

      it('RES of a failure has the error with its members', async () => {
        wire.send('REQ.sidecar', { ver: String(version), sender: 'stranger', id: 'bad', action: 'v1.local.hidden' });
        const { packet } = await wire.packet('RES', ({ type, target, packet: p }) =>
          type === 'RES' && target === 'stranger' && p.id === 'bad');
        assert.strictEqual(packet.success, false);
        assert.strictEqual(packet.data, null);
        assert.strictEqual(packet.error.name, 'ServiceNotFoundError');
        assert.strictEqual(packet.error.code, 404);
        assert.strictEqual(packet.error.type, 'SERVICE_NOT_FOUND');
        assert.strictEqual(packet.error.retryable, true);
        assert.strictEqual(packet.error.nodeID, 'sidecar');
        assert.deepStrictEqual(packet.error.data, { action: 'v1.local.hidden', nodeID: 'sidecar' });
      });

      it('the smallest REQ is served', async () => {
        wire.send('REQ.sidecar', { ver: String(version), sender: 'stranger', id: 'small', action: 'v1.local.echo' });
        const { packet } = await wire.packet('RES', ({ type, packet: p }) => type === 'RES' && p?.id === 'small');
        assert.strictEqual(packet.success, true);
        assert.strictEqual(packet.ver, String(version));
      });

      it('a protected action is served to other nodes, as the original does', async () => {
        wire.send('REQ.sidecar', { ver: String(version), sender: 'stranger', id: 'prot', action: 'v1.local.inner' });
        const { packet } = await wire.packet('RES', ({ type, packet: p }) => type === 'RES' && p?.id === 'prot');
        assert.strictEqual(packet.success, true);
      });

      it('EVENT has the members of its version', async () => {
        wire.forget();
        await sidecar.request('POST', '/v1/emit/to.js', { params: { e: 1 }, meta: { m: 1 } });
        const { packet, target } = await wire.packet('EVENT', ({ type }) => type === 'EVENT');
        assert.strictEqual(target, 'js');
        const { id, requestID, ...rest } = packet;
        assert.match(id, UUID);
        assert.match(requestID, UUID);
        assert.deepStrictEqual(rest, {
          ver: String(version), sender: 'sidecar', event: 'to.js', data: { e: 1 }, groups: ['remote'],
          broadcast: false, meta: { m: 1 }, ...(v5 ? { headers: {} } : {}), level: 1, tracing: null, parentID: null,
          caller: '$sidecar', needAck: null,
        });
      });

      it('a change of services is told with a higher seq', async () => {
        const seq = wire.heard('INFO', 'sidecar').map(({ packet }) => packet.seq).reduce((a, b) => Math.max(a, b), 0);
        wire.forget();
        await sidecar.register({ name: 'more', settings: { baseUrl: app.url }, actions: { a: '/echo' } });
        const told = await wire.packet('INFO', ({ type, packet: p }) =>
          type === 'INFO' && p?.sender === 'sidecar' && p.services.some(({ name }) => name === 'more'));
        assert.ok(told.packet.seq > seq, `${told.packet.seq} > ${seq}`);
        await knows(js, 'more.a', 'sidecar');
        await sidecar.unregister('more');
        await until('js forgets it', () => !js.registry.actions.get('more.a')?.endpoints.length);
      });

      it('INFO of a node that changes its services is followed', async () => {
        const services = (...names) => names.map((name) => ({
          name, fullName: name, settings: {}, metadata: {}, events: {}, actions: { [`${name}.a`]: { name: `${name}.a` } },
        }));
        const info = (seq, list) => ({
          ver: String(version), sender: 'forged', services: list, ipList: ['127.0.0.1'], hostname: 'h', config: {},
          client: { type: 'test', version: '1', langVersion: '1' }, instanceID: 'i-1', metadata: { k: 1 }, seq,
        });
        wire.send('INFO', info(1, services('one', 'two')));
        await learns(sidecar, 'one.a', 'forged');
        wire.send('INFO', info(2, services('two', 'three')));
        await learns(sidecar, 'three.a', 'forged');
        await learns(sidecar, 'one.a');
        wire.send('INFO', info(2, services('four')));
        wire.send('INFO', info(3, services('five')));
        await learns(sidecar, 'five.a', 'forged');
        await learns(sidecar, 'four.a');
        wire.send('DISCONNECT', { ver: String(version), sender: 'forged' });
        await learns(sidecar, 'five.a');
        const node = await registryNode(sidecar, 'forged');
        assert.strictEqual(node.available, false);
      });

      it('DISCONNECT is sent at the end, after INFO without services', async () => {
        wire.forget();
        const exit = await sidecar.stop();
        assert.strictEqual(exit.code, 0);
        await sees(js, 'sidecar', false);
        const told = wire.heard(null, 'sidecar').filter(({ type, target }) =>
          type === 'DISCONNECT' || (type === 'INFO' && (!target || target === 'js')));
        assert.deepStrictEqual(told[0].packet.services, []);
        assert.deepStrictEqual(keys(told.at(-1).packet), ['sender', 'ver']);
        assert.strictEqual(told.at(-1).type, 'DISCONNECT');
      });
    });
  }
}

describe('two nodes of one id', () => {
  const stage = new Stage();
  after(() => stage.stop());

  it('the older one ends with code 1', async () => {
    await stage.nats();
    const older = await stage.doomed({ NODEID: 'same' });
    await older.listening();
    await until('the older is ready', async () => (await older.request('GET', '/ready')).status === 200);
    const newer = await stage.sidecar({ NODEID: 'same' });
    await until('the older has ended', () => older.child.exit);
    assert.strictEqual(older.child.exit.code, 1);
    assert.match(older.child.output, /same/);
    assert.ok(newer.alive);
  });

  it('a JavaScript node with the id of the sidecar ends it', async () => {
    const older = await stage.doomed({ NODEID: 'taken' });
    await older.listening();
    await until('the older is ready', async () => (await older.request('GET', '/ready')).status === 200);
    await stage.node(4, 'taken', [{ name: 'x', actions: { a: () => 1 } }]);
    await until('the older has ended', () => older.child.exit);
    assert.strictEqual(older.child.exit.code, 1);
  });
});
