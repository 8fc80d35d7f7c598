// SPDX-License-Identifier: MIT
// Nodes of both generations in one cluster: each sees the sidecar whole, calls it and is called.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { call, generations, hears, knows, knowsListener, learns, named, QUICK, quick, sees, Stage, until } from './stage.mjs';

const mismatches = (lines) => lines.filter((line) => /ProtocolVersionMismatch/.test(line));

describe('0.14 and 0.15 in one cluster', () => {
  const stage = new Stage();
  const js = {};
  const lines = { 4: [], 5: [] };
  let app;
  let sidecar;
  let wire;

  before(async () => {
    await stage.nats();
    wire = await stage.wire();
    app = await stage.app();
    app.on('/echo', ({ body }) => ({ response: body }));
    for (const version of generations) {
      const service = {
        name: `gen${version}`,
        actions: {
          echo: (ctx) => ({ params: ctx.params, level: ctx.level, caller: ctx.caller, meta: ctx.meta }),
          fail() {
            throw Object.assign(new Error('text'), { code: 409, type: 'T' });
          },
        },
        events: {
          'to.all'(ctx) {
            js[version].events.push(ctx.params);
          },
        },
      };
      js[version] = await stage.node(version, `js${version}`, [service], { heartbeatInterval: 1, heartbeatTimeout: 5 });
      js[version].events = [];
      const keep = (...args) => lines[version].push(inspect(args));
      js[version].transit.logger = { ...js[version].transit.logger, error: keep, warn: keep };
    }
    sidecar = await stage.sidecar({ HEARTBEATINTERVAL: '1', HEARTBEATTIMEOUT: '5' });
    await sidecar.register({
      name: 'local', settings: { baseUrl: app.url }, actions: { echo: '/echo' }, events: { 'to.all': '/event' },
    });
    for (const version of generations) {
      await knows(js[version], 'local.echo', 'sidecar');
      await learns(sidecar, `gen${version}.echo`, `js${version}`);
      await knowsListener(js[version], 'to.all', 'sidecar');
      await hears(sidecar, 'to.all', `js${version}`);
    }
  });
  after(() => stage.stop());

  for (const version of generations) {
    it(`0.1${version === 4 ? 4 : 5} sees the sidecar whole`, async () => {
      const node = js[version].registry.nodes.get('sidecar');
      assert.deepStrictEqual(node.services.map(({ name }) => name).sort(), ['$node', 'local']);
      assert.strictEqual(node.available, true);
    });

    it(`0.1${version === 4 ? 4 : 5} calls the app and is called`, async () => {
      const body = await js[version].call('local.echo', { a: 1 }, { meta: { m: 1 } });
      assert.deepStrictEqual([body.params, body.meta, body.nodeID], [{ a: 1 }, { m: 1 }, `js${version}`]);
      const answer = await call(sidecar, `gen${version}.echo`, { params: { b: 2 }, meta: { n: 2 } });
      assert.deepStrictEqual(answer.body, {
        response: { params: { b: 2 }, level: 1, caller: '$sidecar', meta: { n: 2 } }, meta: { n: 2 },
      });
      const failed = await call(sidecar, `gen${version}.fail`);
      assert.deepStrictEqual([failed.status, failed.body.error.type], [409, 'T']);
    });

    it(`0.1${version === 4 ? 4 : 5} pings the sidecar`, async () => {
      assert.strictEqual((await js[version].ping('sidecar', 3000))?.nodeID, 'sidecar');
    });

    it(`events of 0.1${version === 4 ? 4 : 5} arrive`, async () => {
      js[version].broadcast('to.all', `from ${version}`);
      await until('the event', () => app.at('/event').some(({ body }) => body.params === `from ${version}`));
    });
  }

  it('a broadcast of the app reaches both', async () => {
    await sidecar.request('POST', '/v1/broadcast/to.all', { params: 'app' });
    for (const version of generations) await until('the event', () => js[version].events.includes('app'));
  });

  it('DISCOVER went out in both versions', () => {
    const versions = wire.heard('DISCOVER', 'sidecar').filter(({ target }) => !target).map(({ packet }) => packet.ver);
    assert.deepStrictEqual([...versions].sort(), ['4', '5']);
  });

  it('each node gets INFO of its own, in its version', async () => {
    wire.forget();
    await sidecar.register({ name: 'fresh', settings: { baseUrl: app.url }, actions: { a: '/echo' } });
    for (const version of generations) await knows(js[version], 'fresh.a', 'sidecar');
    const infos = wire.heard('INFO', 'sidecar').map(({ target, packet }) => [target, packet.ver]).sort();
    assert.deepStrictEqual(infos, [['js4', '4'], ['js5', '5']]);
  });

  it('heartbeats of the two versions take turns, so nobody logs more than every other one', async () => {
    wire.forget();
    lines[4].length = 0;
    lines[5].length = 0;
    const beats = () => wire.heard('HEARTBEAT', 'sidecar').map(({ packet }) => packet.ver);
    await until('six heartbeats', () => beats().length >= 6, 20000);
    const seen = beats().slice(0, 6);
    for (let n = 1; n < seen.length; n++) assert.notStrictEqual(seen[n], seen[n - 1], seen.join());
    /* The JavaScript nodes refuse one another's packets as well: only those of the sidecar count. */
    for (const version of generations) {
      const mine = mismatches(lines[version]).filter((line) => line.includes("nodeID: 'sidecar'")).length;
      const others = seen.filter((ver) => ver !== String(version)).length;
      assert.ok(mine <= others + 1, `${mine} lines at 0.1${version} for ${others} heartbeats of the other version`);
    }
    for (const version of generations) {
      assert.strictEqual(js[version].registry.nodes.get('sidecar').available, true);
    }
  });

  it('DISCONNECT goes out in both versions', async () => {
    const leaver = await stage.sidecar({ NODEID: 'leaver' });
    for (const version of generations) {
      await learns(leaver, `gen${version}.echo`, `js${version}`);
      await sees(js[version], 'leaver');
    }
    assert.strictEqual((await leaver.stop()).code, 0);
    const versions = wire.heard('DISCONNECT', 'leaver').map(({ packet }) => packet.ver);
    assert.deepStrictEqual(versions.sort(), ['4', '5']);
    for (const version of generations) await sees(js[version], 'leaver', false);
  });

  it('a node of one version that leaves takes its version along', async () => {
    await js[5].end();
    await learns(sidecar, 'gen5.echo');
    wire.forget();
    await until('three heartbeats', () => wire.heard('HEARTBEAT', 'sidecar').length >= 3, 12000);
    assert.deepStrictEqual(new Set(wire.heard('HEARTBEAT', 'sidecar').map(({ packet }) => packet.ver)), new Set(['4']));
  });
});

describe('a short heartbeat timeout in a mixed cluster', () => {
  const stage = new Stage();
  after(() => stage.stop());

  it('lets both heartbeats go out each time', async () => {
    await stage.nats();
    const wire = await stage.wire();
    for (const version of generations) {
      await stage.node(version, `js${version}`, [{ name: `g${version}`, actions: { a: () => 1 } }], quick);
    }
    const sidecar = await stage.sidecar(QUICK);
    for (const version of generations) await learns(sidecar, `g${version}.a`, `js${version}`);
    wire.forget();
    await until('four heartbeats', () => wire.heard('HEARTBEAT', 'sidecar').length >= 4);
    const pairs = wire.heard('HEARTBEAT', 'sidecar').slice(0, 4);
    assert.deepStrictEqual(pairs.map(({ packet }) => packet.ver).sort(), ['4', '4', '5', '5']);
    assert.ok(pairs[1].at - pairs[0].at < 100 && pairs[3].at - pairs[2].at < 100);
  });
});

for (const version of generations) {
  describe(`several sidecars in a cluster of ${named(version)}`, () => {
    const stage = new Stage();
    after(() => stage.stop());

    it('do not take one another for nodes of the other generation', async () => {
      await stage.nats();
      const wire = await stage.wire();
      const lines = [];
      const sidecars = [];
      for (const nodeID of ['one', 'two']) {
        sidecars.push(await stage.sidecar({ NODEID: nodeID, HEARTBEATINTERVAL: '1', HEARTBEATTIMEOUT: '8' }));
      }
      const js = await stage.node(version, 'js', [{ name: 'remote', actions: { a: () => 1 } }], { heartbeatInterval: 1 });
      for (const sidecar of sidecars) await learns(sidecar, 'remote.a', 'js');
      sidecars.push(await stage.sidecar({ NODEID: 'three', HEARTBEATINTERVAL: '1', HEARTBEATTIMEOUT: '8' }));
      for (const sidecar of sidecars) await learns(sidecar, '$node.list', 'js', 'one', 'two', 'three');
      /* Those that met before the JavaScript node came know one another after a heartbeat of each version. */
      wire.forget();
      for (const { nodeID } of sidecars) {
        await until('heartbeats', () => wire.heard('HEARTBEAT', nodeID).length >= 4, 12000);
      }
      wire.forget();
      js.transit.logger = { ...js.transit.logger, error: (...args) => lines.push(inspect(args)) };
      for (const { nodeID } of sidecars) {
        await until('heartbeats', () => wire.heard('HEARTBEAT', nodeID).length >= 2, 12000);
      }
      const versions = wire.heard('HEARTBEAT').map(({ packet }) => packet.ver);
      assert.deepStrictEqual(new Set(versions), new Set([String(version)]));
      assert.deepStrictEqual(mismatches(lines), []);
    });
  });
}

for (const fixed of generations) {
  const other = fixed === 4 ? 5 : 4;

  describe(`PROTOCOLVERSION=${fixed} in a mixed cluster`, () => {
    const stage = new Stage();
    after(() => stage.stop());

    it('sees and serves its own generation only', async () => {
      await stage.nats();
      const wire = await stage.wire();
      const app = await stage.app();
      app.on('/a', () => ({ response: 'a' }));
      const nodes = {};
      for (const version of generations) {
        nodes[version] = await stage.node(version, `js${version}`, [{ name: `g${version}`, actions: { a: () => version } }]);
      }
      const sidecar = await stage.sidecar({ PROTOCOLVERSION: String(fixed) });
      await sidecar.register({ name: 'local', settings: { baseUrl: app.url }, actions: { a: '/a' } });
      await knows(nodes[fixed], 'local.a', 'sidecar');
      await learns(sidecar, `g${fixed}.a`, `js${fixed}`);
      assert.strictEqual(await nodes[fixed].call('local.a'), 'a');
      assert.strictEqual((await call(sidecar, `g${fixed}.a`)).body.response, fixed);
      assert.strictEqual((await call(sidecar, `g${other}.a`)).status, 404);
      assert.strictEqual(nodes[other].registry.nodes.get('sidecar')?.available ?? false, false);
      assert.ok(wire.heard(null, 'sidecar').every(({ packet }) => packet.ver === String(fixed)));
    });
  });
}
