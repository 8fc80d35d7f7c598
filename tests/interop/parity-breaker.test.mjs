// SPDX-License-Identifier: MIT
// The circuit breaker: when it opens, what callers get meanwhile, the probe, and what all nodes hear of it.
import { fault, parity } from './parity.mjs';

const LONG = 60_000; /* it opens and stays so */
const SHORT = 50; /* it lets a call try soon */

const codes = {
  ok: null,
  fail: () => fault('MoleculerServerError', 'mine', 500, 'MINE'),
  bad: () => fault('MoleculerError', 'gateway', 502, 'GATEWAY'),
  client: () => fault('MoleculerClientError', 'yours', 499, 'YOURS'),
  plain: () => fault('Error', 'plain'),
};

const handlers = {
  async work({ params: { as } }, side) {
    if (as === 'hold') await side.gate('hold').opened;
    else if (codes[as]) throw codes[as]();
    return as;
  },
  toFar: ({ call, params }) => call('far.unwatched', params),
};

const policy = (halfOpenTime, more) => ({ enabled: true, minRequestCount: 3, threshold: 0.5, halfOpenTime, ...more });
const watched = (halfOpenTime, more) => ({ handler: 'work', circuitBreaker: policy(halfOpenTime, more) });

/* An action for each case: a breaker remembers. */
const actions = {
  opens: watched(LONG),
  remote: watched(LONG),
  share: watched(LONG),
  client: watched(LONG),
  plain: watched(LONG),
  bad: watched(LONG),
  once: watched(LONG, { minRequestCount: 1 }),
  half: watched(LONG, { threshold: 0.75 }),
  probeGood: watched(SHORT),
  probeBad: watched(SHORT),
  probeHeld: watched(3000),
  shared: watched(LONG),
  toFar: { handler: 'toFar', circuitBreaker: policy(LONG) },
  unwatched: 'work',
  invalid: { handler: 'work', params: { as: 'string' }, circuitBreaker: policy(LONG) },
};
const listener = (name) => ({ name, events: { '$circuit-breaker.*': 'told' } });

/* The kinds of outcome of calls one after the other. */
async function calls(side, who, action, ...kinds) {
  const outcomes = [];
  for (const as of kinds) outcomes.push(await side[who].call(action, { as }));
  return outcomes;
}

/* What both nodes heard of an action, from the breaker of the node that runs it and from that of a caller. */
function told(side, action, most = Infinity) {
  const heard = side.ran('told').filter(({ params }) => params.action === action);
  const from = (by, sender) =>
    heard
      .filter((run) => run.by === by && run.nodeID === sender)
      .map(({ name, params, eventType, eventGroups, meta }) => ({ name, params, eventType, eventGroups, meta }))
      .slice(0, most)
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return Object.fromEntries(
    ['subject', 'peer'].map((by) => [by, { ofSubject: from(by, 'subject'), ofPeer: from(by, 'peer') }]),
  );
}

/* Both nodes heard it from so many breakers or times. */
const untilTold = (side, action, event, n = 1) =>
  side.until(`both heard ${event} ${n} times of ${action}`, () =>
    ['subject', 'peer'].every(
      (node) =>
        side
          .ran('told')
          .filter(
            ({ name, by, params }) => name === `$circuit-breaker.${event}` && by === node && params.action === action,
          ).length >= n,
    ),
  );

const notAvailable = { error: { name: 'ServiceNotAvailableError', code: 404, retryable: true } };
const failed = { error: { type: 'MINE' } };
const opened = (nodeID, params = {}) => [{ name: '$circuit-breaker.opened', params: { nodeID, ...params } }];
const ofSubject = (list) => ({ subject: { ofSubject: list }, peer: { ofSubject: list } });

/* So many calls of which the last ones fail open it; the next is refused. */
const opens = (who, action, kinds, expect, breakers = 1) => ({
  async run(side) {
    const outcomes = await calls(side, who, action, ...kinds, 'ok', 'ok');
    await untilTold(side, action, 'opened', breakers);
    return { outcomes, told: told(side, action), runs: side.ran('work').length };
  },
  expect,
});
const staysClosed = (who, action, kinds) => ({
  async run(side) {
    const outcomes = await calls(side, who, action, ...kinds, 'ok', 'ok');
    await side.settle();
    return { outcomes, told: told(side, action), runs: side.ran('work').length };
  },
  expect: {
    told: { subject: { ofSubject: [], ofPeer: [] }, peer: { ofSubject: [], ofPeer: [] } },
    runs: kinds.length + 2,
  },
});

const probed = (action, how, event, after, breakers = 1) => ({
  async run(side) {
    const before = await calls(side, 'subject', action, 'fail', 'fail', 'fail');
    await untilTold(side, action, 'half-opened', breakers);
    const probe = await side.subject.call(action, { as: how });
    await untilTold(side, action, event, (event === 'opened' ? 2 : 1) * breakers);
    const all = told(side, action, 3); /* it may half-open again at any time */
    return { before, probe, after: after && (await calls(side, 'subject', action, ...after)), all };
  },
});

parity('the circuit breaker', {
  subject: [{ name: 'near', version: 2, actions }, listener('near-told')],
  peer: [{ name: 'far', actions }, listener('far-told')],
  handlers,
  cases: {
    'opens after the threshold: local': opens('subject', 'v2.near.opens', ['fail', 'fail', 'fail'], {
      outcomes: [failed, failed, failed, notAvailable, notAvailable],
      runs: 3,
      told: ofSubject(
        opened('subject', { service: 'v2.near', action: 'v2.near.opens', failures: 3, count: 3, rate: 1 }),
      ),
    }),
    /* The breaker of the peer, which reads the policy of the action, and that of the subject see the same. */
    'opens after the threshold: called by a Moleculer.js node': opens(
      'peer',
      'v2.near.remote',
      ['fail', 'fail', 'fail'],
      {
        outcomes: [failed, failed, failed, notAvailable, notAvailable],
        runs: 3,
      },
      2,
    ),
    'opens after the threshold: called on a Moleculer.js node': opens(
      'subject',
      'far.opens',
      ['fail', 'fail', 'fail'],
      {
        outcomes: [failed, failed, failed, notAvailable, notAvailable],
        runs: 3,
      },
      2,
    ),
    'opens at a share of failures': opens('subject', 'v2.near.share', ['ok', 'ok', 'fail', 'fail'], {
      told: ofSubject(opened('subject', { failures: 2, count: 4, rate: 0.5 })),
      runs: 4,
    }),
    'opens at a share of failures: called on a Moleculer.js node': opens(
      'subject',
      'far.share',
      ['ok', 'ok', 'bad', 'fail'],
      {
        told: ofSubject(opened('peer', { failures: 2, count: 4, rate: 0.5 })),
        runs: 4,
      },
      2,
    ),
    'opens by a success that makes it enough calls': opens('subject', 'v2.near.bad', ['fail', 'bad', 'ok'], {
      told: ofSubject(opened('subject', { failures: 2, count: 3 })),
      runs: 3,
    }),
    'opens after one call when that is enough': opens('subject', 'v2.near.once', ['bad'], { runs: 1 }),
    'stays closed below the threshold': staysClosed('subject', 'v2.near.half', ['fail', 'ok', 'fail', 'ok', 'fail']),
    'stays closed for errors below 500': staysClosed('subject', 'v2.near.client', [
      'client',
      'client',
      'client',
      'client',
    ]),
    'stays closed for errors below 500: called on a Moleculer.js node': staysClosed('subject', 'far.client', [
      'client',
      'client',
      'client',
      'client',
    ]),
    'errors of other classes': staysClosed('subject', 'far.plain', ['plain', 'plain', 'plain', 'plain']),
    'stays closed for what is invalid': {
      run: async (side) => [await calls(side, 'subject', 'v2.near.invalid', 1, 2, 3, 4, 'ok'), side.ran('work').length],
      expect: [[{}, {}, {}, {}, { result: 'ok' }], 1],
    },
    'stays closed for errors of a third node': {
      async run(side) {
        const outcomes = await calls(side, 'subject', 'v2.near.toFar', 'fail', 'fail', 'fail', 'fail', 'ok');
        await side.settle();
        return { outcomes, told: told(side, 'v2.near.toFar') };
      },
      expect: { outcomes: [{}, {}, {}, {}, { result: 'ok' }], told: ofSubject([]) },
    },
    'a good probe closes it': {
      ...probed('v2.near.probeGood', 'ok', 'closed', ['fail', 'fail', 'ok']),
      expect: { probe: { result: 'ok' }, after: [failed, failed, { result: 'ok' }] },
    },
    'a good probe closes it: called on a Moleculer.js node': {
      ...probed('far.probeGood', 'ok', 'closed', ['ok'], 2),
      expect: { probe: { result: 'ok' } },
    },
    'a bad probe opens it again': probed('v2.near.probeBad', 'fail', 'opened'),
    'a bad probe opens it again: called on a Moleculer.js node': probed('far.probeBad', 'fail', 'opened', null, 2),
    'while a probe runs, others are refused': {
      async run(side) {
        await calls(side, 'subject', 'v2.near.probeHeld', 'fail', 'fail', 'fail');
        await untilTold(side, 'v2.near.probeHeld', 'half-opened');
        const probe = side.subject.call('v2.near.probeHeld', { as: 'hold' });
        await side.untilRuns(4, 'work');
        const meanwhile = [
          await side.subject.call('v2.near.probeHeld', { as: 'ok' }),
          await side.peer.call('v2.near.probeHeld', { as: 'ok' }),
        ];
        side.gate('hold').open();
        const after = [await probe, await side.subject.call('v2.near.probeHeld', { as: 'ok' })];
        await untilTold(side, 'v2.near.probeHeld', 'closed');
        return { meanwhile, after, told: told(side, 'v2.near.probeHeld') };
      },
      expect: { meanwhile: [notAvailable, notAvailable], after: [{ result: 'hold' }, { result: 'ok' }] },
    },
    'another node takes over': {
      async run(side) {
        const broken = { name: 'two', actions: { run: watched(LONG) } };
        const nodes = [];
        for (const id of ['third', 'fourth']) {
          const as = id === 'third' ? 'fail' : 'ok';
          const handler = () =>
            handlers
              .work({ params: { as } }, side)
              .catch((err) => Promise.reject(Object.assign(new Error(), err.members)));
          nodes.push(await side.node(id, [{ ...broken, actions: { run: { ...watched(LONG), handler } } }]));
        }
        await side.until('both nodes', async () => {
          const list = await side.subject.list('actions', { withEndpoints: true });
          return list.find(({ name }) => name === 'two.run')?.endpoints.length === 2;
        });
        const outcomes = [];
        for (let n = 0; n < 12; n++) outcomes.push((await side.subject.call('two.run')).result ?? 'failed');
        await untilTold(side, 'two.run', 'opened', 2);
        for (const node of nodes) await node.end();
        return { failed: outcomes.filter((outcome) => outcome === 'failed').length, last: outcomes.slice(6) };
      },
      expect: { failed: 3, last: Array(6).fill('ok') },
    },
    'it is one for callers of all kinds': {
      async run(side) {
        const outcomes = [
          ...(await calls(side, 'subject', 'v2.near.shared', 'fail', 'fail')),
          ...(await calls(side, 'peer', 'v2.near.shared', 'fail', 'ok')),
          ...(await calls(side, 'subject', 'v2.near.shared', 'ok')),
        ];
        await untilTold(side, 'v2.near.shared', 'opened');
        return { outcomes, told: told(side, 'v2.near.shared'), runs: side.ran('work').length };
      },
      expect: { runs: 3 },
    },
    'the registry shows it': {
      async run(side) {
        const actions = await side.subject.list('actions', { withEndpoints: true });
        const of = (name) => actions.find((action) => action.name === name);
        return ['v2.near.opens', 'far.opens', 'v2.near.probeGood', 'far.client']
          .map(of)
          .map(({ name, available, hasLocal, count, endpoints }) => ({ name, available, hasLocal, count, endpoints }));
      },
      expect: [{ available: false }, { available: false }, { available: true }, { available: true }],
    },
  },
});

parity('the circuit breaker of the node', {
  options: { circuitBreaker: { enabled: true, minRequestCount: 2, threshold: 0.5, halfOpenTime: LONG } },
  subject: [
    {
      name: 'near',
      actions: { plain: 'work', remote: 'work', off: { handler: 'work', circuitBreaker: { enabled: false } } },
    },
    listener('near-told'),
  ],
  peer: [
    { name: 'far', actions: { plain: 'work', off: { handler: 'work', circuitBreaker: { enabled: false } } } },
    listener('far-told'),
  ],
  handlers,
  cases: {
    'its own services': opens('subject', 'near.plain', ['fail', 'fail'], { runs: 2 }),
    'its own services, called by others': opens('peer', 'near.remote', ['fail', 'fail'], {
      outcomes: [failed, failed, notAvailable, notAvailable],
      runs: 2,
    }),
    'services of others, for this node only': {
      async run(side) {
        const own = await calls(side, 'subject', 'far.plain', 'fail', 'fail', 'ok');
        return { own, theirs: await calls(side, 'peer', 'far.plain', 'ok') };
      },
      expect: { own: [failed, failed, notAvailable], theirs: [{ result: 'ok' }] },
    },
    'not when the action says no': staysClosed('subject', 'near.off', ['fail', 'fail', 'fail']),
    'not when the action of another node says no': staysClosed('subject', 'far.off', ['fail', 'fail', 'fail']),
  },
});
