// SPDX-License-Identifier: MIT
// Results that are kept: keys, time to live, locks, what passes the cache by, what is not kept, cleaning.
import { fault, parity } from './parity.mjs';

const handlers = {
  /* Every run gives another result. */
  work: (ctx, { state }) => (state.n = (state.n ?? 0) + 1),
  empty: () => null,
  none: () => undefined,
  zero: () => 0,
  fail() {
    throw fault('MoleculerError', 'no', 503, 'NO');
  },
  async slow({ params }, side) {
    const n = (side.state.n = (side.state.n ?? 0) + 1);
    await side.gate(`slow${n}`).opened;
    if (params.fails === n) throw fault('MoleculerError', 'no', 503, 'NO');
    return n;
  },
  meta(ctx, { state }) {
    ctx.setMeta({ set: (state.n = (state.n ?? 0) + 1) });
    return state.n;
  },
  toWork: ({ call, params }) => call('near.work', params),
  clean: (ctx, side) => side.broker?.cacher.clean('near.cleaned**'),
  cleanSome: (ctx, side) => side.broker?.cacher.clean(['near.cleaned:id|2*', 'near.other.*']),
  cleanAll: (ctx, side) => side.broker?.cacher.clean(),
};

const cached = (cache, more) => ({ handler: 'work', cache, ...more });
const services = [
  {
    name: 'near',
    actions: {
      work: cached(true),
      keys: cached({ keys: ['id', 'user.name'] }),
      one: cached({ keys: ['id'] }),
      ofMeta: cached({ keys: ['id', '#user.id'] }),
      ofHeader: cached({ keys: ['@tenant', 'id'] }),
      noKeys: cached({ keys: [] }),
      off: cached(false),
      disabled: cached({ enabled: false }),
      short: cached({ ttl: 1 }),
      forever: cached({ ttl: 0 }),
      plain: 'work',
      empty: { handler: 'empty', cache: true },
      none: { handler: 'none', cache: true },
      zero: { handler: 'zero', cache: true },
      fail: { handler: 'fail', cache: true },
      slow: { handler: 'slow', cache: { lock: true } },
      stale: { handler: 'slow', cache: { ttl: 600, lock: { staleTime: 700 } } },
      open: { handler: 'slow', cache: true },
      meta: { handler: 'meta', cache: true },
      checked: cached({ keys: ['id'] }, { params: { id: { type: 'number', convert: true }, more: 'string|optional' } }),
      outer: { handler: 'toWork' },
      cleaned: cached(true),
      cleanedToo: cached(true),
      'other.one': cached(true),
      narrow: { handler: 'slow', cache: true, bulkhead: { enabled: true, concurrency: 1, maxQueueSize: 1 } },
    },
    events: {
      'clean.near': { handler: 'clean', cleanCache: 'near.cleaned**' },
      'clean.some': { handler: 'cleanSome', cleanCache: ['near.cleaned:id|2*', 'near.other.*'] },
      'clean.all': { handler: 'cleanAll', cleanCache: true },
    },
  },
  {
    name: 'settled',
    settings: { $cache: { keys: ['id'] } },
    actions: { work: 'work', off: cached(false), own: cached(true) },
  },
];

/* Calls one after the other: [who, params, opts]; their results tell which of them was a hit. */
const results = async (side, action, list) => {
  const all = [];
  for (const [who, params, opts] of list) {
    const { result, error } = await side[who].call(action, params, opts);
    all.push(error ? error.type : (result ?? 'none'));
  }
  return all;
};
const sequence = (action, list, expected) => ({
  run: async (side) => ({ results: await results(side, action, list), runs: side.ran().length }),
  ...(expected && { expect: { results: expected } }),
});
const of = (who, ...list) => list.map((params) => [who, params]);

const cases = {
  'a hit for callers of all kinds': sequence(
    'near.work',
    [
      ['subject', { id: 1 }],
      ['subject', { id: 1 }],
      ['peer', { id: 1 }],
      ['peer', { id: 2 }],
      ['subject', { id: 2 }],
    ],
    [1, 1, 1, 2, 2],
  ),
  'no parameters': sequence(
    'near.work',
    [
      ['subject', {}],
      ['peer', {}],
      ['peer', undefined],
    ],
    [1, 1, 1],
  ),
  'inner calls': {
    run: async (side) => [
      await side.subject.call('near.outer', { inner: 1 }),
      await side.peer.call('near.outer', { inner: 1 }),
      await side.peer.call('near.work', { inner: 1 }),
      side.ran('work').length,
    ],
    expect: [{ result: 1 }, { result: 1 }, { result: 1 }, 1],
  },
  'the order of parameters counts': sequence(
    'near.work',
    of('peer', { a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, b: 2 }),
    [1, 2, 1],
  ),
  'integer names come first, whatever their order': sequence(
    'near.work',
    of('peer', { b: 1, 2: 2, 1: 3 }, { 1: 3, 2: 2, b: 1 }),
    [1, 1],
  ),
  'types of parameters': sequence(
    'near.work',
    of(
      'subject',
      { t: 1 },
      { t: '1' },
      { t: [1] },
      { t: ['1'] },
      { t: { 0: 1 } },
      { t: null },
      { t: 'null' },
      { t: true },
      { t: 'true' },
      { t: 1.0 },
      { t: 1e21 },
      { t: -0 },
      { t: 0 },
    ),
  ),
  'the same, called by a Moleculer.js node': sequence(
    'near.keys',
    of(
      'peer',
      { id: 1 },
      { id: '1' },
      { id: null },
      {},
      { id: [1, 2] },
      { id: { a: 1 } },
      { id: 1, user: { name: 'x' } },
      { id: 1, user: null },
      { id: 1, user: { name: null } },
    ),
  ),
  'keys only': sequence(
    'near.keys',
    of(
      'subject',
      { id: 5, user: { name: 'a' }, x: 1 },
      { x: 2, user: { name: 'a', y: 1 }, id: 5 },
      { id: 5, user: { name: 'b' } },
      { id: 5, 'user.name': 'b' },
      { id: 5 },
    ),
    [1, 1, 2, 2, 3],
  ),
  'one key': sequence(
    'near.one',
    of('peer', { id: 'a' }, { id: 'a', b: 1 }, { id: { a: [1, null] } }, { id: { a: [1, null] } }, {}),
    [1, 1, 2, 2, 3],
  ),
  'a time of 0': sequence('near.forever', of('peer', { id: 'a' }, { id: 'a' }), [1, 1]),
  'keys of headers, over HTTP': {
    only: 5,
    ...sequence(
      'near.ofHeader',
      [
        ['peer', { id: 2 }, { headers: { tenant: 'a' } }],
        ['subject', { id: 2 }, { headers: { tenant: 'a' } }],
        ['subject', { id: 2 }, { headers: { tenant: 'b' } }],
      ],
      [1, 1, 2],
    ),
  },
  'no keys': sequence('near.noKeys', of('peer', { id: 'a' }, { id: 'b' }, {}), [1, 1, 1]),
  'keys of meta': sequence(
    'near.ofMeta',
    [
      ['peer', { id: 1 }, { meta: { user: { id: 1 } } }],
      ['subject', { id: 1 }, { meta: { user: { id: 1 }, more: 1 } }],
      ['peer', { id: 1 }, { meta: { user: { id: 2 } } }],
      ['peer', { id: 1 }],
    ],
    [1, 1, 2, 3],
  ),
  'keys of headers': {
    only: 5,
    ...sequence(
      'near.ofHeader',
      [
        ['peer', { id: 1 }, { headers: { tenant: 'a' } }],
        ['peer', { id: 1 }, { headers: { tenant: 'a', x: 1 } }],
        ['peer', { id: 1 }, { headers: { tenant: 'b' } }],
        ['peer', { id: 1 }],
      ],
      [1, 1, 2, 3],
    ),
  },
  'not when it is off': sequence('near.off', of('peer', {}, {}), [1, 2]),
  'not when it is disabled': sequence('near.disabled', of('peer', {}, {}), [1, 2]),
  'not when the action says nothing': sequence('near.plain', of('subject', {}, {}), [1, 2]),
  '$cache: false in meta passes it by': sequence(
    'near.work',
    [
      ['subject', { p: 1 }],
      ['subject', { p: 1 }, { meta: { $cache: false } }],
      ['peer', { p: 1 }, { meta: { $cache: false } }],
      ['peer', { p: 1 }],
      ['subject', { p: 1 }, { meta: { $cache: 0 } }],
    ],
    [1, 2, 3, 1, 1],
  ),
  'null is kept': {
    ...sequence('near.empty', of('subject', {}, {})),
    differs: { generations: [4], because: 'Caches of 0.14 do not keep `null`', sidecar: { runs: 1 } },
  },
  'no result is not kept': sequence('near.none', of('peer', {}, {}), ['none', 'none']),
  '0 is kept': sequence('near.zero', of('peer', {}, {}), [0, 0]),
  'errors are not kept': sequence('near.fail', of('peer', {}, {}), ['NO', 'NO']),
  'meta is not kept': {
    run: async (side) => [
      await side.peer.call('near.meta', {}, { meta: { a: 1 } }),
      await side.peer.call('near.meta', {}),
      await side.subject.call('near.meta', {}, { meta: { b: 1 } }),
    ],
    expect: [{ meta: { a: 1, set: 1 } }, { meta: {} }, { meta: { b: 1 } }],
  },
  'parameters are not checked on a hit': sequence('near.checked', [
    ['peer', { id: 'x' }],
    ['peer', { id: 7, more: 1 }],
    ['peer', { id: 7 }],
    ['subject', { id: 7, more: 1 }],
    ['peer', { id: 7, more: [] }],
    ['peer', { id: '7' }],
  ]),
  'a hit waits in no queue': {
    async run(side) {
      const first = side.subject.call('near.narrow', { n: 1 });
      await side.untilRuns(1);
      side.gate('slow1').open();
      await first;
      const holding = [side.subject.call('near.narrow', { n: 2 })];
      await side.untilRuns(2);
      holding.push(side.subject.call('near.narrow', { n: 3 }));
      await side.subject.ping();
      const hit = await side.subject.call('near.narrow', { n: 1 });
      const refused = await side.subject.call('near.narrow', { n: 4 });
      side.gate('slow2').open();
      side.gate('slow3').open();
      return { hit, refused, holding: await Promise.all(holding) };
    },
    expect: { hit: { result: 1 }, refused: { error: { code: 429 } } },
  },
  'until its time is over': {
    async run(side) {
      const first = await results(side, 'near.short', of('subject', { t: 1 }, { t: 1 }));
      await side.until(
        'the end of its time',
        async () => (await side.subject.call('near.short', { t: 1 })).result === 2,
      );
      return first;
    },
    expect: [1, 1],
  },
  'with a lock the first one works, the others wait': {
    async run(side) {
      const calls = [side.subject.call('near.slow', { l: 1 })];
      await side.untilRuns(1);
      for (const who of ['subject', 'peer', 'peer', 'subject']) calls.push(side[who].call('near.slow', { l: 1 }));
      await side.settle();
      await side.subject.ping();
      const runs = side.ran().length;
      side.gate('slow1').open();
      return { runs, results: (await Promise.all(calls)).map(({ result }) => result), all: side.ran().length };
    },
    expect: { runs: 1, results: [1, 1, 1, 1, 1], all: 1 },
  },
  'with a lock the next one works after a failure': {
    async run(side) {
      const calls = [side.subject.call('near.slow', { l: 2, fails: 1 })];
      await side.untilRuns(1);
      for (let n = 0; n < 3; n++) calls.push(side.peer.call('near.slow', { l: 2, fails: 1 }));
      await side.settle();
      side.gate('slow1').open();
      side.gate('slow2').open();
      return {
        outcomes: (await Promise.all(calls)).map(({ result, error }) => result ?? error.type),
        all: side.ran().length,
      };
    },
    expect: { outcomes: ['NO', 2, 2, 2], all: 2 },
  },
  'what ends soon is fetched anew behind its use, once': {
    async run(side) {
      side.gate('slow1').open();
      const calls = await results(side, 'near.stale', [...of('peer', { s: 1 }, { s: 1 }), ...of('subject', { s: 1 })]);
      await side.untilRuns(2);
      await side.settle();
      const runs = side.ran().length;
      side.gate('slow2').open();
      await side.until('the new one', async () => (await side.peer.call('near.stale', { s: 1 })).result === 2);
      await side.until('the next', async () => (await side.peer.call('near.stale', { s: 1 })) && side.ran().length === 3);
      return { calls, runs, params: side.ran().map(({ params, by }) => ({ params, by })) };
    },
    expect: { calls: [1, 1, 1], runs: 2 },
  },
  'what cannot be fetched anew is forgotten': {
    async run(side) {
      for (const n of [1, 2, 3]) side.gate(`slow${n}`).open();
      const calls = await results(side, 'near.stale', of('peer', { s: 2, fails: 2 }, { s: 2, fails: 2 }));
      await side.until('a new one', async () => {
        const { result } = await side.peer.call('near.stale', { s: 2, fails: 2 });
        return result === 3;
      });
      return calls;
    },
    expect: [1, 1],
  },
  'without a lock all of them work': {
    async run(side) {
      const calls = [side.subject.call('near.open', { o: 1 }), side.peer.call('near.open', { o: 1 })];
      await side.untilRuns(2);
      side.gate('slow1').open();
      side.gate('slow2').open();
      return (await Promise.all(calls)).map(({ result }) => result).sort();
    },
    expect: [1, 2],
  },
  'for all actions of a service': {
    run: async (side) => [
      await results(side, 'settled.work', of('peer', { id: 1, a: 1 }, { id: 1, a: 2 })),
      await results(side, 'settled.off', of('peer', { id: 1 }, { id: 1 })),
      await results(side, 'settled.own', of('peer', { id: 1, a: 1 }, { id: 1, a: 2 })),
    ],
    expect: [
      [1, 1],
      [2, 3],
      [4, 5],
    ],
  },
  'an event cleans': {
    async run(side) {
      const all = async () => [
        ...(await results(side, 'near.cleaned', of('peer', { id: 1 }, { id: 2 }))),
        ...(await results(side, 'near.cleanedToo', of('peer', {}))),
        ...(await results(side, 'near.other.one', of('peer', {}))),
        ...(await results(side, 'near.work', of('peer', { clean: 1 }))),
      ];
      const seen = [await all(), await all()];
      for (const [n, event] of ['clean.near', 'clean.some', 'clean.all'].entries()) {
        await side[n === 1 ? 'subject' : 'peer'].emit(event, {});
        await side.until(event, () => side.runs.some(({ name }) => name === event));
        seen.push(await all());
      }
      return seen;
    },
    expect: [
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
      [6, 7, 8, 4, 5],
      [6, 9, 8, 10, 5],
      [11, 12, 13, 14, 15],
    ],
  },
  'results of other nodes are not kept': sequence(
    'far.work',
    [
      ['subject', { id: 1 }],
      ['subject', { id: 1 }],
    ],
    [1, 2],
  ),
};

/* Keys are those of the protocol that the sidecar was told to speak. */
const env = (version) => ({ PROTOCOLVERSION: String(version) });
const base = { subject: services, peer: [{ name: 'far', actions: { work: cached(true) } }], handlers, env };

parity('caching in memory', { ...base, options: { cacher: 'Memory' }, cases });

parity('caching in memory, least recently used first', {
  ...base,
  options: { cacher: { type: 'MemoryLRU', options: { max: 2 } } },
  cases: {
    'the one used longest ago goes': sequence(
      'near.work',
      of('peer', { n: 1 }, { n: 2 }, { n: 1 }, { n: 3 }, { n: 1 }, { n: 2 }),
      [1, 2, 1, 3, 1, 4],
    ),
    'null is kept': cases['null is kept'],
    'with a lock the first one works, the others wait': cases['with a lock the first one works, the others wait'],
    'an event cleans': {
      async run(side) {
        const seen = [await results(side, 'near.cleaned', of('peer', { id: 1 }, { id: 1 }))];
        await side.peer.emit('clean.near', {});
        await side.until('clean.near', () => side.ran('clean').length);
        return [...seen, await results(side, 'near.cleaned', of('peer', { id: 1 }))];
      },
      expect: [[1, 1], [2]],
    },
  },
});

parity('caching with options', {
  ...base,
  options: { cacher: { type: 'Memory', options: { ttl: 1, maxParamsLength: 60 } } },
  cases: {
    'the time of the cacher': {
      async run(side) {
        const first = await results(side, 'near.work', of('subject', { t: 1 }, { t: 1 }));
        await side.until(
          'the end of its time',
          async () => (await side.subject.call('near.work', { t: 1 })).result === 2,
        );
        return first;
      },
      expect: [1, 1],
    },
    'long keys': sequence(
      'near.work',
      of('peer', { text: 'x'.repeat(100), n: 1 }, { text: 'x'.repeat(100), n: 2 }, { text: 'x'.repeat(100), n: 1 }),
      [1, 2, 1],
    ),
  },
});

parity('no caching without a cacher', {
  ...base,
  cases: { 'every call works': sequence('near.work', of('peer', { id: 1 }, { id: 1 }), [1, 2]) },
});
