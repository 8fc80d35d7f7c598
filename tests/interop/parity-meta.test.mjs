// SPDX-License-Identifier: MIT
// Meta and context: how meta is merged, what inner calls and events inherit, headers.
import { errorFacts, fault, parity } from './parity.mjs';

const handlers = {
  set: ({ params, setMeta }) => void setMeta(params),
  echo: ({ params, meta }) => ({ params, meta }),
  /* Calls one action after the other with meta of their own. */
  async chain({ call, params: { calls } }) {
    const results = [];
    for (const { action, params, meta } of calls) results.push(await call(action, params, { meta }));
    return results;
  },
  parallel: ({ call, params: { calls } }) =>
    Promise.all(calls.map(({ action, params, meta }) => call(action, params, { meta }))),
  async caught({ call, params: { action, params } }) {
    return call(action, params).then(
      () => 'no error',
      (err) => errorFacts(err),
    );
  },
  passed: ({ call, params: { action, params } }) => call(action, params),
  failing({ params, setMeta }) {
    setMeta(params);
    throw fault('MoleculerClientError', 'no', 409, 'NO', { a: null });
  },
  heard: () => {},
  emits: ({ emit, params }) => emit('meta.event', params, { meta: { inner: 1 } }),
};

const actions = {
  set: 'set',
  echo: 'echo',
  chain: 'chain',
  parallel: 'parallel',
  caught: 'caught',
  passed: 'passed',
  failing: 'failing',
  emits: 'emits',
};

/* What a run tells of its place in the request, and whether it is the same request as the first one. */
const places = (side, handler) => {
  const [first] = side.ran();
  return side.ran(handler).map(({ by, name, level, caller, isBelow, requestID, meta, params, nodeID, headers }) => ({
    by,
    name,
    level,
    caller,
    isBelow,
    isSame: requestID === first.requestID,
    meta,
    params,
    nodeID,
    headers,
  }));
};
const one = (who, action, params, opts, expect) => ({
  run: async (side) => ({ outcome: await side[who].call(action, params, opts), places: places(side), ids: side.ids() }),
  expect,
});
const both = (title, action, params, opts, expect) => ({
  [`${title}: local`]: one('subject', `near.${action}`, params, opts, expect),
  [`${title}: called by a Moleculer.js node`]: one('peer', `near.${action}`, params, opts, expect),
  [`${title}: called on a Moleculer.js node`]: one('subject', `far.${action}`, params, opts, expect),
});
const inner = (action, meta) => ({
  calls: [
    { action: 'far.echo', meta: { a: 'inner' } },
    { action, params: { set: 1, m: 'set' }, meta },
    { action: 'far.echo', params: 1 },
  ],
});

parity('meta and context', {
  options: { maxCallLevel: 6 },
  subject: [
    {
      name: 'near',
      version: 'x',
      settings: { $noVersionPrefix: true },
      actions,
      events: { 'meta.event': { handler: 'heard', group: 'near' } },
    },
  ],
  peer: [{ name: 'far', actions, events: { 'meta.event': { handler: 'heard', group: 'far' } } }],
  handlers,
  cases: {
    ...both('meta goes in', 'echo', { a: 1 }, { meta: { m: 1, deep: { a: [null] }, $dollar: true, '': 0 } }),
    ...both(
      'meta comes back over that of the call',
      'set',
      { m: 2, n: { b: 1 } },
      { meta: { m: { a: 1 }, k: null } },
      { outcome: { meta: { m: 2, n: { b: 1 }, k: null } } },
    ),
    ...both('no meta', 'set', {}, {}, { outcome: { meta: {} } }),
    ...both(
      'inner calls, one after the other',
      'chain',
      inner('far.set', { x: 1 }),
      { meta: { m: 'outer' } },
      { outcome: { meta: { m: 'set', a: 'inner', x: 1, set: 1 } } },
    ),
    ...both(
      'inner calls within the node',
      'chain',
      inner('near.set', { x: 1 }),
      { meta: { m: 'outer' } },
      { outcome: { meta: { m: 'set', a: 'inner', x: 1, set: 1 } } },
    ),
    ...both(
      'inner calls at once',
      'parallel',
      {
        calls: [
          { action: 'far.set', params: { p1: 1 }, meta: { own1: 1 } },
          { action: 'far.set', params: { p2: 2 }, meta: { own2: 2 } },
        ],
      },
      { meta: { m: 1 } },
      { outcome: { meta: { m: 1, p1: 1, p2: 2, own1: 1, own2: 2 } } },
    ),
    ...both(
      'inner calls of inner calls',
      'chain',
      {
        calls: [
          {
            action: 'far.chain',
            params: {
              calls: [{ action: 'near.chain', params: { calls: [{ action: 'far.set', params: { last: true } }] } }],
            },
          },
        ],
      },
      { meta: { m: 1 } },
      { outcome: { meta: { m: 1, last: true } } },
    ),
    ...both(
      'meta of an inner call that failed',
      'caught',
      { action: 'far.failing', params: { seen: true } },
      {},
      { outcome: { meta: { seen: true }, result: { code: 409 } } },
    ),
    ...both(
      'an inner error passes on',
      'passed',
      { action: 'far.failing', params: { seen: true } },
      {},
      { outcome: { error: { code: 409, nodeID: 'peer' } } },
    ),
    ...both(
      'an inner error passes over the node of an app',
      'passed',
      { action: 'near.passed', params: { action: 'far.failing', params: {} } },
      {},
      { outcome: { error: { code: 409, nodeID: 'peer' } } },
    ),
    ...both(
      'the request has the id it was given',
      'chain',
      inner('near.echo'),
      { requestID: 'mine' },
      { ids: { requests: 1 } },
    ),
    'a call that fails has no meta of the app': {
      ...one(
        'subject',
        'near.failing',
        { seen: true },
        { meta: { m: 1 } },
        { outcome: { meta: { m: 1, seen: true } } },
      ),
      differs: { because: 'A handler that fails may have set meta', sidecar: { outcome: { meta: { m: 1 } } } },
    },
    'a call that fails on a Moleculer.js node has its meta': one(
      'subject',
      'far.failing',
      { seen: true },
      { meta: { m: 1 } },
      { outcome: { meta: { m: 1, seen: true } } },
    ),
    'calls have a depth': {
      async run(side) {
        const deep = (n) =>
          n
            ? { action: n % 2 ? 'near.passed' : 'far.passed', params: deep(n - 1) }
            : { action: 'near.echo', params: {} };
        return [
          await side.subject.call('near.passed', deep(4)),
          await side.subject.call('near.passed', deep(5)),
          await side.subject.call('near.passed', deep(8)),
        ];
      },
      expect: [
        { result: {} },
        { error: { name: 'MaxCallLevelError', data: { nodeID: 'subject', level: 6 } } },
        { error: { name: 'MaxCallLevelError' } },
      ],
    },
    'events of a handler belong to its call': {
      async run(side) {
        await side.peer.call('near.emits', { a: 1 }, { meta: { m: 1 }, requestID: 'with-events' });
        await side.untilRuns(2, 'heard');
        return places(side, 'heard').sort((a, b) => (a.by < b.by ? -1 : 1));
      },
      expect: [
        { by: 'peer', level: 2, caller: 'near', isBelow: true, isSame: true, meta: { m: 1, inner: 1 } },
        { by: 'subject', isSame: true, meta: { m: 1, inner: 1 } },
      ],
    },
    'headers reach the handler': {
      only: 5,
      ...one(
        'peer',
        'near.echo',
        {},
        { headers: { tenant: 'a', n: 1 } },
        { places: [{ headers: { tenant: 'a', n: 1 } }] },
      ),
    },
    'headers of a call': {
      only: 5,
      ...one(
        'subject',
        'far.echo',
        {},
        { headers: { tenant: 'a', n: 1 } },
        { places: [{ headers: { tenant: 'a', n: 1 } }] },
      ),
    },
    'headers of events': {
      only: 5,
      async run(side) {
        for (const [n, who] of ['peer', 'subject'].entries()) {
          await side[who].emit('meta.event', {}, { headers: { from: who } });
          await side.untilRuns(2 * n + 2, 'heard');
          await side[who].emit('meta.event', {});
          await side.settle();
        }
        return places(side, 'heard')
          .map(({ by, nodeID, headers }) => ({ by, nodeID, headers }))
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      },
    },
    'headers are not inherited': {
      only: 5,
      ...one('peer', 'near.chain', inner('far.echo'), { headers: { tenant: 'a' } }),
    },
  },
});
