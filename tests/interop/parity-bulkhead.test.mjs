// SPDX-License-Identifier: MIT
// The bulkhead: how many run at once, who waits in which order, who is refused; for actions and for events.
import { fault, parity } from './parity.mjs';

const handlers = {
  async hold({ params }, side) {
    await side.gate(`hold${params.n}`).opened;
    if (params.fails) throw fault('MoleculerError', 'no', 503, 'NO');
    return params.n;
  },
};

const bulkhead = (concurrency, maxQueueSize) => ({
  handler: 'hold',
  bulkhead: { enabled: true, concurrency, maxQueueSize },
});
const actions = {
  narrow: bulkhead(1, 2),
  wide: bulkhead(2, 2),
  endless: bulkhead(1, 0),
  fails: bulkhead(1, 5),
  free: 'hold',
  off: { handler: 'hold', bulkhead: { enabled: false, concurrency: 1 } },
  checked: { ...bulkhead(1, 1), params: { n: 'number' } },
  retried: { ...bulkhead(1, 1), retryPolicy: { enabled: true, retries: 50, delay: 20, factor: 1 } },
  timed: { ...bulkhead(1, 5), timeout: 150 },
};

/* So many calls in this order; each has arrived before the next is made. */
async function start(side, who, action, ...list) {
  const calls = [];
  for (const [i, params] of list.entries()) {
    calls.push(side[who].call(action, typeof params === 'object' ? params : { n: params }));
    await side[who].ping();
    if (i === 0) await side.untilRuns(1);
  }
  return calls;
}

const order = (side) => side.ran('hold').map(({ params }) => params.n);
const open = async (side, ...list) => {
  for (const n of list) side.gate(`hold${n}`).open();
};
const full = (action, nodeID) => ({
  error: {
    name: 'QueueIsFullError',
    code: 429,
    type: 'QUEUE_FULL',
    retryable: true,
    data: { action, nodeID },
  },
});

/* As subject and as peer. */
const both = (title, make) => ({
  [`${title}: local`]: make('subject'),
  [`${title}: called by a Moleculer.js node`]: make('peer'),
});

const filled = (action, running) => (who) => ({
  async run(side) {
    const calls = await start(side, who, `near.${action}`, 1, 2, 3, 4, 5, 6);
    const refused = await Promise.all(calls.slice(running + 2));
    await side.untilRuns(running);
    const first = order(side);
    await open(side, 1);
    await side.untilRuns(running + 1);
    const second = order(side);
    await open(side, 2, 3, 4, 5);
    return { refused, first, second, outcomes: await Promise.all(calls), order: order(side) };
  },
  expect: { order: [1, 2, 3, 4].slice(0, running + 2), refused: Array(4 - running).fill(full(`near.${action}`, who)) },
});

parity('the bulkhead', {
  subject: [
    {
      name: 'near',
      actions,
      events: { 'near.event': { handler: 'hold', bulkhead: { enabled: true, concurrency: 1, maxQueueSize: 2 } } },
    },
  ],
  handlers,
  cases: {
    ...both('one at a time, two in the queue', filled('narrow', 1)),
    ...both('two at a time, two in the queue', filled('wide', 2)),
    ...both('0 is a queue without end', (who) => ({
      async run(side) {
        const numbers = Array.from({ length: 30 }, (_, n) => n);
        const calls = await start(side, who, 'near.endless', ...numbers);
        await open(side, ...numbers);
        return { outcomes: (await Promise.all(calls)).map(({ result }) => result), order: order(side) };
      },
      expect: { order: Array.from({ length: 30 }, (_, n) => n) },
    })),
    ...both('a failure makes room', (who) => ({
      async run(side) {
        const calls = await start(side, who, 'near.fails', { n: 1, fails: true }, 2);
        await open(side, 1, 2);
        return { outcomes: await Promise.all(calls), order: order(side) };
      },
      expect: { outcomes: [{ error: { type: 'NO' } }, { result: 2 }], order: [1, 2] },
    })),
    ...both('none', (who) => ({
      async run(side) {
        const calls = await start(side, who, 'near.off', 1, 2, 3);
        await side.untilRuns(3);
        await open(side, 1, 2, 3);
        return (await Promise.all(calls)).map(({ result }) => result);
      },
      expect: [1, 2, 3],
    })),
    ...both('what is invalid takes its place in the queue', (who) => ({
      async run(side) {
        const calls = await start(side, who, 'near.checked', 1, { n: 'x' }, 3);
        const refused = await calls[2];
        await open(side, 1);
        return { refused, outcomes: await Promise.all(calls), order: order(side) };
      },
      expect: {
        refused: full('near.checked', who),
        outcomes: [{ result: 1 }, { error: { code: 422 } }, {}],
        order: [1],
      },
    })),
    ...both('who is refused tries again', (who) => ({
      async run(side) {
        const calls = await start(side, who, 'near.retried', 1, 2, 3);
        await open(side, 1, 2, 3);
        return { outcomes: await Promise.all(calls), order: order(side) };
      },
      expect: { outcomes: [{ result: 1 }, { result: 2 }, { result: 3 }], order: [1, 2, 3] },
    })),
    'time in the queue counts': {
      async run(side) {
        const first = side.subject.call('near.timed', { n: 1 }, { timeout: 9000 });
        await side.untilRuns(1);
        const queued = await Promise.all([2, 3].map((n) => side.subject.call('near.timed', { n })));
        await open(side, 1, 2, 3);
        const after = [await first, await side.subject.call('near.timed', { n: 1 }, { timeout: 9000 })];
        return { queued, after, order: order(side) };
      },
      expect: {
        queued: Array(2).fill({ error: { name: 'RequestTimeoutError' } }),
        after: [{ result: 1 }, { result: 1 }],
        order: [1, 2, 3, 1],
      },
      differs: {
        because: 'what waits in a queue then runs for nobody',
        sidecar: { after: [{ result: 1 }, { result: 1 }], order: [1, 1] },
      },
    },
    'events wait, and some are dropped': {
      async run(side) {
        for (let n = 1; n <= 5; n++) await side.peer.emit('near.event', { n });
        await side.untilRuns(1);
        await side.settle();
        const first = order(side);
        await open(side, 1, 2, 3, 4, 5);
        await side.untilRuns(3);
        await side.settle();
        return { first, order: order(side) };
      },
      expect: { first: [1], order: [1, 2, 3] },
    },
  },
});

parity('the bulkhead of the node', {
  options: { bulkhead: { enabled: true, concurrency: 1, maxQueueSize: 1 } },
  subject: [
    {
      name: 'near',
      actions: { free: 'hold', wide: bulkhead(2, 2), off: { handler: 'hold', bulkhead: { enabled: false } } },
      events: { 'near.event': 'hold', 'near.free': { handler: 'hold', bulkhead: { enabled: false } } },
    },
  ],
  peer: [{ name: 'far', actions }],
  handlers,
  cases: {
    'actions, each for itself': {
      async run(side) {
        const free = await start(side, 'subject', 'near.free', 1, 2, 3);
        const off = await start(side, 'subject', 'near.off', 4, 5, 6);
        const refused = await free[2];
        await side.untilRuns(4);
        await open(side, 1, 2, 4, 5, 6);
        return { refused, outcomes: await Promise.all([...free, ...off]) };
      },
      expect: {
        refused: full('near.free', 'subject'),
        outcomes: [{ result: 1 }, { result: 2 }, {}, { result: 4 }, {}, {}],
      },
    },
    'laid under that of the action': filled('wide', 2)('subject'),
    'not calls of other nodes': {
      async run(side) {
        const calls = await start(side, 'subject', 'far.free', 1, 2, 3);
        await side.untilRuns(3);
        await open(side, 1, 2, 3);
        return (await Promise.all(calls)).map(({ result }) => result);
      },
      expect: [1, 2, 3],
    },
    'a queue on a Moleculer.js node': {
      async run(side) {
        const calls = await start(side, 'subject', 'far.narrow', 1, 2, 3, 4);
        const refused = await Promise.race(calls);
        await open(side, 1, 2, 3, 4);
        return { refused, results: (await Promise.all(calls)).map(({ result }) => result).filter(Boolean).length };
      },
      expect: { refused: full('far.narrow', 'subject'), results: 3 },
    },
    'events, each for itself': {
      async run(side) {
        for (let n = 1; n <= 3; n++) await side.peer.emit('near.event', { n });
        for (let n = 4; n <= 6; n++) await side.peer.emit('near.free', { n });
        await side.untilRuns(4);
        await open(side, 1, 2, 3, 4, 5, 6);
        await side.untilRuns(5);
        await side.settle();
        return order(side).sort();
      },
      expect: [1, 2, 4, 5, 6],
    },
  },
});
