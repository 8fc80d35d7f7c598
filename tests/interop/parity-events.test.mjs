// SPDX-License-Identifier: MIT
// Events: groups and balancing, patterns, pace, who hears what of whom, errors that nobody sees.
import { fault, parity } from './parity.mjs';

const handlers = {
  fails() {
    throw fault('MoleculerServerError', 'mine', 500, 'MINE');
  },
  emits: ({ emit, params }) => emit(params.event, params.payload),
};

const PATTERNS = ['w.*', 'w.**', 'w.*.c', '*.b', 'w.?.c', 'w*', '**.c', 'w.b'];
const both = ['subject', 'peer'];

/* Who heard it, in an order that does not depend on time. */
const heard = (side) =>
  side
    .seen()
    .filter(({ name }) => !name.startsWith('$') && name !== 'parity.mark')
    .map(({ level, caller, isBelow, hasLimit, ...run }) => run)
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/* Sends by one node, then the other; each time all that is heard of it. */
const sent = (how, event, params, opts, expect) => ({
  async run(side) {
    const all = {};
    for (const who of both) {
      side.runs.length = 0;
      await side[who][how](event, params, opts);
      await side.settle();
      all[who] = heard(side);
    }
    return all;
  },
  expect,
});
const listen = (own) => [
  {
    name: own,
    events: {
      'e.plain': `${own}Plain`,
      'e.named': { handler: `${own}Named`, name: 'e.other' },
      'e.grouped': { handler: `${own}Grouped`, group: 'one' },
    },
  },
  { name: 'shared', events: { 'e.plain': 'sharedPlain', 'e.twin': 'sharedTwin' } },
  { name: 'versioned', version: own === 'near' ? 1 : 2, events: { 'e.version': 'versioned' } },
  {
    name: 'again',
    events: {
      'e.plain': { handler: 'againPlain', group: 'shared' },
      'e.grouped': { handler: 'againGrouped', group: 'one' },
    },
  },
];

parity('events', {
  subject: [
    ...listen('near'),
    { name: 'patterns', events: Object.fromEntries(PATTERNS.map((pattern, i) => [pattern, `pattern${i}`])) },
    { name: 'twice', events: { 't.*': 'first', 't.a': 'second' } },
    { name: 'faulty', events: { 'f.fails': 'fails', 'f.checked': { handler: 'checked', params: { n: 'number' } } } },
    { name: 'emitter', actions: { emit: 'emits' } },
  ],
  peer: [...listen('far'), { name: 'also', events: { 'f.fails': 'alsoFails' } }],
  handlers,
  cases: {
    'an emit reaches each group once, the own node first': sent(
      'emit',
      'e.plain',
      { a: 1 },
      {},
      { subject: Array(3).fill({}), peer: Array(3).fill({}) },
    ),
    'an emit to a group': sent('emit', 'e.plain', [1], { groups: ['shared'] }),
    'an emit to a group that is a text': sent('emit', 'e.plain', 'x', { groups: 'far' }),
    'an emit to several groups': sent('emit', 'e.plain', false, { groups: ['near', 'far', 'nobody'] }),
    'an emit to no group is one to all': sent('emit', 'e.plain', 0, { groups: [] }),
    'a broadcast to no group is one to all': sent('broadcast', 'e.plain', 0, { groups: [] }),
    'an emit to a group of the event': sent('emit', 'e.grouped', {}, { groups: ['one'] }),
    'an emit to a group that the event does not have': sent(
      'emit',
      'e.grouped',
      {},
      { groups: ['near'] },
      { subject: [], peer: [] },
    ),
    'all versions of a service are one group': sent(
      'emit',
      'e.version',
      {},
      {},
      { subject: [{ by: 'subject' }], peer: [{ by: 'peer' }] },
    ),
    'a broadcast to all versions': sent('broadcast', 'e.version', {}, {}, { subject: [{}, {}], peer: [{}, {}] }),
    'the name of an event stands over its key': sent('emit', 'e.other', {}, {}, { subject: [{}, {}], peer: [{}, {}] }),
    'its key is none then': sent('emit', 'e.named', {}, {}, { subject: [], peer: [] }),
    'a broadcast reaches all': sent(
      'broadcast',
      'e.plain',
      { all: true },
      { meta: { m: 1 } },
      { subject: Array(6).fill({}), peer: Array(6).fill({}) },
    ),
    'a broadcast to a group reaches all of it': sent('broadcast', 'e.plain', 1, { groups: ['shared'] }),
    'a broadcast to a group of one node': sent('broadcast', 'e.plain', 1, { groups: 'near' }),
    'meta goes with it': sent('emit', 'e.twin', { a: 1 }, { meta: { m: [1], $x: null } }),
    'an event that nobody knows': sent('emit', 'nobody.knows', {}, {}, { subject: [], peer: [] }),
    'two patterns of a service': sent('emit', 't.a', {}, {}, { subject: [{}, {}], peer: [{}, {}] }),
    ...Object.fromEntries(
      ['w.b', 'w.b.c', 'w.bb.c', 'w.b.d.c', 'w', 'w.', 'wx', 'W.b', 'x.b', 'w..c', 'x.y.c', '.c'].map((event) => [
        `patterns of ${event}`,
        sent('broadcast', event, {}),
      ]),
    ),
    'an error of a handler is told to nobody': sent(
      'emit',
      'f.fails',
      {},
      {},
      { subject: [{ by: 'peer' }, { by: 'subject' }] },
    ),
    'an invalid event is told to nobody': sent('emit', 'f.checked', { n: 'x' }, {}, { subject: [], peer: [] }),
    'a valid event': sent('emit', 'f.checked', { n: 1 }, {}, { subject: [{}], peer: [{}] }),
    'events of a handler': {
      async run(side) {
        const outcomes = [];
        for (const who of both) {
          outcomes.push(
            await side[who].call('emitter.emit', { event: 'e.twin', payload: { by: who } }, { meta: { m: who } }),
          );
          await side.settle();
        }
        return { outcomes, heard: heard(side).filter(({ handler }) => handler !== 'emits') };
      },
    },
    '50 events arrive, none twice': {
      async run(side) {
        for (let n = 0; n < 50; n++) await side.peer.emit('e.plain', n, { groups: ['near'] });
        await side.untilRuns(50);
        await side.settle();
        return side
          .ran()
          .map(({ params }) => params)
          .sort((a, b) => a - b);
      },
      expect: Array.from({ length: 50 }, (_, n) => n),
    },
  },
});

parity('events without a payload', {
  subject: [{ name: 'near', events: { 'e.plain': 'nearPlain' } }],
  peer: [{ name: 'far', events: { 'e.plain': 'farPlain' } }],
  cases: {
    'emitted by a Moleculer.js node': {
      async run(side) {
        await side.peer.emit('e.plain', undefined);
        await side.peer.broadcast('e.plain', undefined);
        await side.untilRuns(4);
        return side.seen('nearPlain').map(({ params }) => params);
      },
    },
  },
});

const preferNone = { registry: { preferLocal: false } };
parity('events, balanced', {
  options: preferNone,
  peerOptions: preferNone,
  subject: [{ name: 'twin', events: { 'b.one': 'one', 'b.two': 'two', 'b.three': { handler: 'three', group: 'g' } } }],
  peer: [
    { name: 'twin', events: { 'b.one': 'one', 'b.two': 'two' } },
    { name: 'other', events: { 'b.three': { handler: 'three', group: 'g' } } },
  ],
  cases: Object.fromEntries(
    ['b.one', 'b.two', 'b.three'].flatMap((event, i) =>
      both.map((who) => [
        `${event} of the ${who}`,
        {
          async run(side) {
            const order = [];
            for (let n = 1; n <= 6; n++) {
              await side[who].emit(event, { n });
              await side.untilRuns(n);
              order.push(side.ran().at(-1).by);
            }
            return order.map((by) => by === order[0]);
          },
          expect: [true, false, true, false, true, false],
        },
      ]),
    ),
  ),
});

parity('the pace of events', {
  subject: [
    {
      name: 'near',
      events: {
        'p.quiet': { handler: 'quiet', debounce: 2000 },
        'p.dropped': { handler: 'dropped', throttle: 60_000 },
        'p.slowed': { handler: 'slowed', throttle: 100 },
        'p.invalid': { handler: 'invalid', debounce: 1000, params: { n: 'number' } },
        'p.fails': { handler: 'fails', debounce: 1000 },
        'p.both.*': { handler: 'both', throttle: 60_000 },
      },
    },
  ],
  handlers,
  cases: {
    'the last one after a quiet time': {
      async run(side) {
        const all = [];
        for (const [i, who] of both.entries()) {
          for (let n = 1; n <= 5; n++) await side[who].emit('p.quiet', { n }, { meta: { n } });
          await side.untilRuns(i + 1);
          await side.settle();
          all.push(side.ran().length);
        }
        return { all, runs: side.seen() };
      },
      expect: { all: [1, 2], runs: [{ params: { n: 5 } }, { params: { n: 5 } }] },
    },
    'the first one, the rest is dropped': {
      async run(side) {
        for (const who of both) {
          for (let n = 1; n <= 5; n++) await side[who].emit('p.dropped', { who, n });
          await side.settle();
        }
        await side.untilRuns(1);
        return side.seen();
      },
      expect: [{ params: { who: 'subject', n: 1 } }],
    },
    'and one more after its time': {
      async run(side) {
        await side.peer.emit('p.slowed', {});
        await side.untilRuns(1);
        await side.until('a second one', async () => {
          await side.peer.emit('p.slowed', {});
          return side.ran().length >= 2;
        });
        return true;
      },
    },
    'one pace for all names of a pattern': {
      async run(side) {
        for (const name of ['a', 'b', 'a']) await side.peer.emit(`p.both.${name}`, {});
        await side.untilRuns(1);
        await side.settle();
        return side.seen();
      },
      expect: [{ name: 'p.both.a' }],
    },
    'the last one is what is checked': {
      async run(side) {
        const emitAll = (list) => Promise.all(list.map(([event, n]) => side.peer.emit(event, { n })));
        await emitAll([
          ['p.invalid', 'x'],
          ['p.invalid', 1],
        ]);
        await side.untilRuns(1);
        await emitAll([
          ['p.invalid', 2],
          ['p.invalid', 'x'],
          ['p.fails'],
        ]);
        await side.untilRuns(1, 'fails'); // its time began last
        await side.settle();
        return side.seen();
      },
      expect: [{ params: { n: 1 } }, { handler: 'fails' }],
    },
  },
});
