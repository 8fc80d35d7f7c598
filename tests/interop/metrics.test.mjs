// SPDX-License-Identifier: MIT
// The same story on a Moleculer.js node and on a sidecar gives the same metrics.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { answer, call, hang, hears, knows, knowsListener, learns, moleculer, named, Stage, until } from './stage.mjs';

const { MoleculerError, MoleculerRetryableError } = moleculer[5].Errors;

const actions = {
  ok: {}, fail: {}, never: {}, outer: {}, flaky: {}, broken: {},
  cached: { cache: { keys: ['id'] } },
  narrow: { bulkhead: { enabled: true, concurrency: 1, maxQueueSize: 5 } },
};

/* What the handler of narrow waits for: all calls of it have to meet. */
const gate = {
  shut() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  },
};

/* What both are told to do; other members of their options are alike by default. */
const options = {
  metrics: { enabled: true, collectProcessMetrics: false },
  cacher: 'Memory',
  retryPolicy: { enabled: true, retries: 2, delay: 20 },
  circuitBreaker: { enabled: true, minRequestCount: 4, halfOpenTime: 60000 },
};
const env = {
  METRICS: 'true', CACHER: 'Memory',
  RETRYPOLICY_ENABLED: 'true', RETRYPOLICY_RETRIES: '2', RETRYPOLICY_DELAY: '20',
  CIRCUITBREAKER_ENABLED: 'true', CIRCUITBREAKER_MINREQUESTCOUNT: '4', CIRCUITBREAKER_HALFOPENTIME: '60000',
};

/* The other node: what it is asked for fails now and then. */
function helper() {
  let n = 0;
  return {
    name: 'helper',
    actions: {
      flaky() {
        n += 1;
        if (n % 3 !== 0) throw new MoleculerRetryableError('later', 503, 'LATER');
        return n;
      },
      broken() {
        throw new MoleculerError('broken', 500, 'BROKEN');
      },
    },
    events: { 'from.w': () => {} },
  };
}

/* The node of the story, in JavaScript. */
const service = {
  name: 'w', version: 1,
  actions: {
    ok: () => 1,
    fail() {
      throw new MoleculerError('no', 409, 'CONFLICT');
    },
    never: () => new Promise(() => {}),
    outer: (ctx) => ctx.call('v1.w.ok'),
    flaky: (ctx) => ctx.call('helper.flaky'),
    broken: (ctx) => ctx.call('helper.broken'),
    cached: { ...actions.cached, handler: (ctx) => ctx.params.id },
    narrow: { ...actions.narrow, handler: () => gate.opened },
  },
  events: {
    'a.*': (ctx) => ctx.emit('from.w'),
    b: { group: 'other', handler: () => {} },
  },
};

async function startNode(stage) {
  const node = await stage.node(5, 'w-node', [service], { namespace: 'js', ...options });
  return { broker: node, knowsHelper: () => Promise.all([
    knows(node, 'helper.broken', 'helper'), knowsListener(node, 'from.w', 'helper'),
  ]) };
}

/* The same over HTTP: nested calls and events name the context they are made in. */
async function startSidecar(stage) {
  const app = await stage.app();
  const sidecar = await stage.sidecar({ ...env, NODEID: 'w-node', NAMESPACE: 'c' });
  const nested = ({ 'x-context-id': id }, path) => sidecar.json('POST', path, {}, { headers: { 'X-Parent-ID': id } });
  const pass = (action) => async ({ headers }) => {
    const { status, body } = await nested(headers, `/v1/call/${action}`);
    return status === 200 ? { response: body.response } : answer(status, { error: body.error });
  };

  app.on('/ok', () => ({ response: 1 }));
  app.on('/fail', () => answer(409, { error: { message: 'no', type: 'CONFLICT' } }));
  app.on('/never', () => hang);
  app.on('/outer', pass('v1.w.ok'));
  app.on('/flaky', pass('helper.flaky'));
  app.on('/broken', pass('helper.broken'));
  app.on('/cached', ({ body }) => ({ response: body.params.id }));
  app.on('/narrow', async () => {
    await gate.opened;
    return { response: null };
  });
  app.on('/a', async ({ headers }) => {
    await nested(headers, '/v1/emit/from.w');
    return {};
  });
  app.on('/b', () => ({}));
  await sidecar.register({
    name: 'w', version: 1, settings: { baseUrl: app.url },
    actions: Object.fromEntries(Object.entries(actions).map(([name, more]) =>
      [name, { handler: `/${name}`, ...more }])),
    events: { 'a.*': '/a', b: { handler: '/b', group: 'other' } },
  });
  return { sidecar, knowsHelper: () => Promise.all([
    learns(sidecar, 'helper.broken', 'helper'), hears(sidecar, 'from.w', 'helper'),
  ]) };
}

async function tell(driver) {
  const ask = (action, params, opts) => driver.call(`v1.w.${action}`, params, opts).catch((err) => err);
  for (let i = 0; i < 3; i++) await ask('ok');
  for (let i = 0; i < 2; i++) await ask('fail');
  await ask('never', {}, { timeout: 100 });
  await ask('outer');
  await ask('flaky');
  for (const id of [1, 1, 2, 1]) await ask('cached', { id });
  gate.shut();
  const narrow = [1, 2, 3].map(() => ask('narrow'));
  await driver.ping('w-node'); // packets arrive in order
  gate.open();
  await Promise.all(narrow);
  await driver.emit('a.x', {});
  await driver.emit('a.y', {});
  await driver.broadcast('b', {});
  for (let i = 0; i < 4; i++) await ask('broken');
  await ask('broken'); // nobody is there: the breaker is open
}

const counted = ['request', 'event', 'circuit-breaker', 'cacher', 'registry', 'broker.local', 'transit.orphan']
  .map((part) => `moleculer.${part}.**`);

const list = (driver, params) => driver.call('$node.metrics', params, { nodeID: 'w-node' });

/* Without what is time, the calls by which the test looks, and what a node tells itself. */
function comparable(metrics) {
  const looks = metrics.find(({ name }) => name === 'moleculer.request.total').values
    .filter(({ labels }) => labels.action.startsWith('$node.')).reduce((sum, { value }) => sum + value, 0);
  const levels = metrics.find(({ name }) => name === 'moleculer.request.levels').values;
  levels.find(({ key }) => key === '1').value -= looks;
  const own = ({ name }, { labels }) =>
    (name === 'moleculer.event.broadcast-local.total' && labels.event.startsWith('$')) ||
    (name.startsWith('moleculer.request.') && labels.action?.startsWith('$node.'));
  const names = (object = {}) => Object.keys(object).join();
  const item = ({ key, labels, value, count, ...rest }) =>
    ({ key, labels, value, count, members: names(rest), buckets: names(rest.buckets) });
  return Object.fromEntries(metrics.map((metric) => [metric.name, {
    ...metric,
    values: metric.values.filter((value) => !own(metric, value)).map(item).sort((a, b) => (a.key < b.key ? -1 : 1)),
  }]));
}

describe(`metrics beside ${named(5)}`, () => {
  const stage = new Stage();
  const got = {};
  let sidecar;

  async function run(namespace, start) {
    await stage.node(5, 'helper', [helper()], { namespace });
    const driver = await stage.node(5, 'driver', [], { namespace });
    const started = await start(stage);
    await knows(driver, 'v1.w.narrow', 'w-node');
    await knowsListener(driver, 'b', 'w-node');
    await started.knowsHelper();
    await tell(driver);
    await until('all events are there', async () => {
      const [{ values }] = await list(driver, { includes: 'moleculer.*.received.total' });
      return values.length === 3;
    });
    got[namespace] = {
      counted: await list(driver, { includes: counted }),
      all: await list(driver, {}),
      infos: await list(driver, { types: ['info'], excludes: '**.node.**' }),
    };
    return started;
  }

  before(async () => {
    await stage.nats();
    await run('js', startNode);
    ({ sidecar } = await run('c', startSidecar));
  });
  after(() => stage.stop());

  it('has the same metrics', () => {
    const head = ({ type, name, description, labelNames, unit }) => ({ type, name, description, labelNames, unit });
    const heads = (metrics) => metrics.map(head).sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepStrictEqual(heads(got.c.all), heads(got.js.all));
  });

  it('has counted the same', () => {
    const [c, js] = [comparable(got.c.counted), comparable(got.js.counted)];
    for (const name of Object.keys(js)) assert.deepStrictEqual(c[name], js[name]);
    assert.deepStrictEqual(c['moleculer.request.timeout.total'].values.map(({ value }) => value), [1]);
    assert.deepStrictEqual(c['moleculer.request.retry.attempts.total'].values.map(({ value }) => value), [2]);
    assert.strictEqual(c['moleculer.circuit-breaker.opened.active'].values[0].labels.affectedNodeID, 'helper');
  });

  it('filters alike', () => {
    const names = (metrics) => metrics.map(({ name }) => name);
    assert.deepStrictEqual(names(got.c.infos), names(got.js.infos));
  });

  it('shows them to HTTP callers', async () => {
    const { status, body } = await call(sidecar, '$node.metrics', { params: { includes: '**.namespace' } });
    assert.strictEqual(status, 200);
    assert.deepStrictEqual(body.response.map(({ name, values }) => [name, values[0].value]),
      [['moleculer.broker.namespace', 'c']]);
  });
});
