// SPDX-License-Identifier: MIT
// Shard, CpuUsage and Latency on either side, compared with a JavaScript node of the same options; calls to a given node.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { call, generations, hears, knows, knowsListener, learns, named, registryNode, Stage, until } from './stage.mjs';

const shard = { strategy: 'Shard', strategyOptions: { shardKey: 'user.id', vnodes: 7 } };
const shardEnv = {
  REGISTRY_STRATEGY: 'shard',
  MOL_REGISTRY__STRATEGY_OPTIONS__SHARD_KEY: 'user.id',
  MOL_REGISTRY__STRATEGY_OPTIONS__VNODES: '7',
};
const byTenant = { strategy: 'Shard', strategyOptions: { shardKey: '#tenant', ringSize: 100 } };
const keys = [...Array.from({ length: 40 }, (_, n) => `user-${n}`), 0, 7, -1.5, 1e21, true, false, '', 'é', '\u{1F600}', [1, 2], {}];
const ids = ['js-b', 'js-a', '\uFF5E-last'];

for (const version of generations) {
  describe(`strategies, ${named(version)}`, () => {
    const stage = new Stage();
    const ticks = [];
    let nodes;
    let reference;
    let sidecar;

    const who = (nodeID) => ({
      name: 'who',
      actions: { ami: () => nodeID, tenant: { ...byTenant, handler: () => nodeID } },
      events: { tick: () => { ticks.push(nodeID); } },
    });
    const start = (nodeID) => stage.node(version, nodeID, [who(nodeID)]);
    const serve = async (nodeID, env = {}) => {
      const app = await stage.app();
      app.on('/ami', () => ({ response: nodeID }));
      const other = await stage.sidecar({ NODEID: nodeID, ...env });
      const action = { handler: '/ami', ...byTenant };
      await other.register({ name: 'twin', settings: { baseUrl: app.url }, actions: { ami: action, far: '/ami' } });
      return other;
    };
    const learnt = async (...there) => {
      await learns(sidecar, 'who.ami', ...there);
      await until('the reference knows the same', () =>
        reference.registry.actions.get('who.ami')?.endpoints.map(({ id }) => id).sort().join() === [...there].sort().join());
    };
    const agree = async () => {
      const seen = new Set();
      for (const id of keys) {
        const params = { user: { id } };
        const expected = await reference.call('who.ami', params);
        const { body } = await call(sidecar, 'who.ami', { params });
        assert.strictEqual(body.response, expected, `key ${JSON.stringify(id)}`);
        seen.add(expected);
      }
      return seen.size;
    };

    before(async () => {
      await stage.nats();
      nodes = [];
      for (const nodeID of ids) nodes.push(await start(nodeID));
      reference = await stage.node(version, 'reference', [], { registry: shard });
      sidecar = await stage.sidecar({ NODEID: 'caller', ...shardEnv });
      await learnt(...ids);
    });
    after(() => stage.stop());

    it('a sidecar chooses by Shard as a JavaScript node does', async () => {
      assert.strictEqual(await agree(), 3);
    });

    it('events too', async () => {
      for (const nodeID of ids) await knowsListener(reference, 'tick', nodeID);
      for (const nodeID of ids) await hears(sidecar, 'tick', nodeID);
      for (const id of keys.slice(0, 20)) {
        const params = { user: { id } };
        ticks.splice(0);
        await reference.emit('tick', params);
        await until('the tick of the reference', () => ticks.length === 1);
        await sidecar.json('POST', '/v1/emit/tick', { params });
        await until('the tick of the sidecar', () => ticks.length === 2);
        assert.strictEqual(ticks[1], ticks[0], `key ${JSON.stringify(id)}`);
      }
    });

    it('an action\'s definition decides for itself', async () => {
      for (let n = 0; n < 30; n++) {
        const meta = { tenant: `t${n}` };
        const expected = await reference.call('who.tenant', {}, { meta });
        for (let again = 0; again < 2; again++) {
          assert.strictEqual((await call(sidecar, 'who.tenant', { meta })).body.response, expected);
        }
      }
    });

    it('they agree while nodes leave and join', async () => {
      await nodes[1].end();
      await learnt(ids[0], ids[2]);
      assert.strictEqual(await agree(), 2);
      await start(ids[1]);
      const late = await start('js-0');
      await learnt(...ids, 'js-0');
      assert.strictEqual(await agree(), 4);
      await late.end();
      await learnt(...ids);
      assert.strictEqual(await agree(), 3);
    });

    it('a posted definition decides for JavaScript nodes and other sidecars', async () => {
      for (const nodeID of ['first', 'second']) await serve(nodeID);
      for (const nodeID of ['first', 'second']) await knows(reference, 'twin.ami', nodeID);
      await learns(sidecar, 'twin.ami', 'first', 'second');
      const seen = new Set();
      for (let n = 0; n < 30; n++) {
        const meta = { tenant: n };
        const expected = await reference.call('twin.ami', {}, { meta });
        assert.strictEqual((await call(sidecar, 'twin.ami', { meta })).body.response, expected);
        seen.add(expected);
      }
      assert.strictEqual(seen.size, 2);
    });

    it('$node.options shows the strategy with its options', async () => {
      const { body } = await call(sidecar, '$node.options');
      assert.strictEqual(body.response.registry.strategy, 'shard');
      assert.deepStrictEqual(body.response.registry.strategyOptions, { shardKey: 'user.id', vnodes: 7 });
    });

    it('a sidecar goes by the load that JavaScript nodes tell', async () => {
      const loads = { 'load-a': 70, 'load-b': 50, 'load-c': 60 };
      for (const [nodeID, avg] of Object.entries(loads)) {
        const node = await stage.node(version, nodeID, [{ name: 'load', actions: { who: () => nodeID } }], { heartbeatInterval: 1 });
        node.getCpuUsage = async () => ({ avg, usages: [avg] });
      }
      const caller = await stage.sidecar({ NODEID: 'by-load', REGISTRY_STRATEGY: 'CpuUsage' });
      await learns(caller, 'load.who', ...Object.keys(loads));
      for (const [nodeID, avg] of Object.entries(loads)) {
        await until(`load of ${nodeID}`, async () => (await registryNode(caller, nodeID)).cpu === avg);
      }
      for (let n = 0; n < 5; n++) assert.strictEqual((await call(caller, 'load.who')).body.response, 'load-b');
    });

    it('a JavaScript node goes by the load that sidecars tell', async () => {
      const other = await stage.node(version, 'by-load-js', [], { registry: { strategy: 'CpuUsage', strategyOptions: { lowCpuUsage: 101 } } });
      await serve('beating', { HEARTBEATINTERVAL: '1' });
      await serve('silent', { HEARTBEATINTERVAL: '300' });
      for (const nodeID of ['beating', 'silent']) await knows(other, 'twin.far', nodeID);
      for (const nodeID of ['first', 'second']) await knows(other, 'twin.far', nodeID);
      await until('a load', () => typeof other.registry.nodes.get('beating').cpu === 'number');
      assert.ok(other.registry.nodes.get('beating').cpu >= 0);
      for (let n = 0; n < 4; n++) assert.ok(await other.call('twin.far'));
    });

    it('a sidecar pings, everybody once and then a node of the host in each interval', async () => {
      const wire = await stage.wire();
      const caller = await stage.sidecar({
        NODEID: 'by-latency', REGISTRY_STRATEGY: 'Latency', MOL_REGISTRY__STRATEGY_OPTIONS__PING_INTERVAL: '1',
      });
      await learns(caller, 'who.ami', ...ids);
      await until('three rounds', () => wire.heard('PING', 'by-latency').filter(({ target }) => target).length >= 3);
      const pings = wire.heard('PING', 'by-latency');
      for (const { packet, target } of pings) {
        /* Sidecars speak both versions; they are sent either. */
        if (!target || ids.includes(target)) assert.strictEqual(packet.ver, String(version));
        assert.ok(Math.abs(Date.now() - packet.time) < 60000);
        assert.match(packet.id, /^[0-9a-f-]{36}$/);
      }
      assert.deepStrictEqual(pings.map(({ target }) => target !== ''), [false, ...pings.slice(1).map(() => true)]);
      await until('answers', () => wire.heard('PONG').filter(({ target }) => target === 'by-latency').length >= 4);
      const seen = new Set();
      for (let n = 0; n < 20; n++) seen.add((await call(caller, 'who.ami')).body.response);
      assert.strictEqual(seen.size, 1); // all live on one quick host: the first of a sample of all
    });

    it('a JavaScript node measures sidecars', async () => {
      const other = await stage.node(version, 'by-latency-js', [], {
        registry: { strategy: 'Latency', strategyOptions: { pingInterval: 0.2 } },
      });
      const pongs = new Set();
      other.localBus.on('$node.pong', ({ nodeID }) => pongs.add(nodeID));
      for (const nodeID of ['first', 'second']) await knows(other, 'twin.far', nodeID);
      await until('pongs of both', () => pongs.has('first') && pongs.has('second'), 20000);
      for (let n = 0; n < 4; n++) assert.ok(await other.call('twin.far'));
    });

    it('a call may name its node', async () => {
      for (const nodeID of ids) {
        const { body } = await call(sidecar, 'who.ami', { params: { user: { id: 1 } }, options: { nodeID } });
        assert.strictEqual(body.response, nodeID);
      }
      assert.strictEqual((await sidecar.json('POST', `/v1/call/who.ami?options[nodeID]=${ids[0]}`, {})).body.response, ids[0]);
      const health = await call(sidecar, '$node.health', { options: { nodeID: ids[0] } });
      assert.strictEqual(typeof health.body.response.process.uptime, 'number');
      for (const nodeID of [null, '']) {
        assert.strictEqual((await call(sidecar, 'who.ami', { options: { nodeID } })).status, 200);
      }
    });

    it('a call to a node that does not offer it fails as in the original', async () => {
      for (const nodeID of ['nobody', 'caller', 'first']) {
        const { status, body } = await call(sidecar, 'who.ami', { options: { nodeID } });
        const expected = await reference.call('who.ami', {}, { nodeID }).catch((err) => err);
        assert.strictEqual(status, 404);
        assert.strictEqual(body.error.name, expected.name);
        assert.strictEqual(body.error.message, expected.message);
        assert.strictEqual(body.error.type, expected.type);
        assert.deepStrictEqual(body.error.data, expected.data);
      }
    });

    it('calls of one request may name their nodes', async () => {
      const mcall = (body) => sidecar.json('POST', '/v1/mcall', body);
      const calls = [{ action: 'who.ami', options: { nodeID: ids[1] } }, { action: 'who.ami' }];
      assert.deepStrictEqual((await mcall({ calls, options: { nodeID: ids[0] } })).body.response, [ids[1], ids[0]]);
      calls[1].options = { nodeID: 'nobody' };
      const { body } = await mcall({ calls, settled: true });
      assert.strictEqual(body.response[0].value, ids[1]);
      assert.strictEqual(body.response[1].reason.data.nodeID, 'nobody');
    });

    it('a nodeID that is no text is refused', async () => {
      for (const nodeID of [5, true, [], {}]) {
        const { status, body } = await call(sidecar, 'who.ami', { options: { nodeID } });
        assert.strictEqual(status, 422);
        assert.deepStrictEqual(body.data.map(({ type, field, actual }) => ({ type, field, actual })),
          [{ type: 'string', field: 'options.nodeID', actual: nodeID }]);
        const own = await sidecar.json('POST', '/v1/mcall', { calls: [{ action: 'a' }, { action: 'b', options: { nodeID } }] });
        assert.strictEqual(own.status, 422);
        assert.strictEqual(own.body.data[0].field, 'calls[1].options.nodeID');
        const common = await sidecar.json('POST', '/v1/mcall', { calls: [{ action: 'a' }], options: { nodeID } });
        assert.strictEqual(common.status, 422);
        assert.strictEqual(common.body.data[0].field, 'options.nodeID');
      }
    });
  });
}

describe('the setting of the strategy', () => {
  const stage = new Stage();

  before(() => stage.nats());
  after(() => stage.stop());

  it('an unknown one ends the process', async () => {
    const sidecar = await stage.doomed({ REGISTRY_STRATEGY: 'Nearest' });
    await sidecar.child.exited;
    assert.strictEqual(sidecar.child.exit.code, 1);
    assert.match(sidecar.child.output, /Invalid strategy type 'Nearest'\./);
  });
});
