// SPDX-License-Identifier: MIT
// Retries: how often, for which errors, by whom, and what of a call is new each time.
import { errorFacts, fault, parity } from './parity.mjs';

const policy = { enabled: true, retries: 3, delay: 5, maxDelay: 20 };

const faults = {
  retryable: () => fault('MoleculerRetryableError', 'again', 503, 'AGAIN', { a: 1 }),
  final: () => fault('MoleculerError', 'no', 503, 'NO'),
  client: () => fault('MoleculerClientError', 'yours', 400, 'YOURS'),
  server: () => fault('MoleculerServerError', 'mine', 500, 'MINE'),
  plain: () => fault('Error', 'plain', 500),
  invalid: () => fault('ValidationError', 'wrong', 'WRONG', [{ field: 'a' }]),
};

const handlers = {
  /* Fails so many times, then works. */
  flaky({ params: { fails, kind = 'retryable' }, setMeta }, { state }) {
    state.n = (state.n ?? 0) + 1;
    if (state.n <= fails) throw faults[kind]();
    setMeta({ attempt: state.n });
    return { attempt: state.n };
  },
  toNobody: ({ call }) => call('nobody.here', {}),
  toFar: ({ call, params }) => call('far.flaky', params),
};

const actions = {
  flaky: { handler: 'flaky', retryPolicy: policy },
  plain: 'flaky',
  off: { handler: 'flaky', retryPolicy: { enabled: false } },
  once: { handler: 'flaky', retryPolicy: { ...policy, retries: 1 } },
};

/* One call, by the subject or by the peer. What is tried again is new, its request the same. */
const one = (who, action, params, opts, expect) => ({
  run: async (side) => ({ outcome: await side[who].call(action, params, opts), ids: side.ids(), runs: side.seen() }),
  expect,
});
const both = (title, action, params, opts, expect) => ({
  [`${title}: local`]: one('subject', `near.${action}`, params, opts, expect),
  [`${title}: called by a Moleculer.js node`]: one('peer', `near.${action}`, params, opts, expect),
  [`${title}: called on a Moleculer.js node`]: one('subject', `far.${action}`, params, opts, expect),
});
const times = (runs, more) => ({ ids: { runs, ids: runs, requests: 1 }, ...more });

const scenario = {
  subject: [
    {
      name: 'near',
      actions: {
        ...actions,
        toNobody: { handler: 'toNobody', retryPolicy: policy },
        toFar: { handler: 'toFar', retryPolicy: policy },
        sanitised: {
          handler: 'flaky',
          retryPolicy: policy,
          params: { fails: { type: 'number', convert: true }, more: { type: 'string', default: 'x' } },
        },
      },
    },
  ],
  peer: [{ name: 'far', actions }],
  handlers,
};

parity('retries of an action', {
  ...scenario,
  cases: {
    ...both('until it works', 'flaky', { fails: 2 }, {}, times(3, { outcome: { result: { attempt: 3 } } })),
    ...both(
      'until there were enough',
      'flaky',
      { fails: 9 },
      {},
      times(4, { outcome: { error: { type: 'AGAIN', data: { a: 1 } } } }),
    ),
    ...both('fewer by the policy', 'once', { fails: 9 }, {}, times(2)),
    ...both('fewer by the call', 'flaky', { fails: 9 }, { retries: 1 }, times(2)),
    ...both('more by the call', 'once', { fails: 9 }, { retries: 4 }, times(5)),
    ...both('none by the call', 'flaky', { fails: 9 }, { retries: 0 }, times(1)),
    ...both('none by a call that says less', 'flaky', { fails: 9 }, { retries: -5 }, times(1)),
    ...both('none without a policy, whatever the call says', 'plain', { fails: 9 }, { retries: 4 }, times(1)),
    ...both('none of an error that is final', 'flaky', { fails: 1, kind: 'final' }, {}, times(1)),
    ...both('none of an error of the client', 'flaky', { fails: 1, kind: 'client' }, {}, times(1)),
    ...both('none of an error of another class', 'flaky', { fails: 1, kind: 'plain' }, {}, times(1)),
    ...both('none of what is invalid', 'flaky', { fails: 1, kind: 'invalid' }, {}, times(1)),
    ...both('of an error of the server', 'flaky', { fails: 1, kind: 'server' }, {}, times(2)),
    ...both(
      'a request with an id of its own keeps it',
      'flaky',
      { fails: 2 },
      { requestID: 'mine', meta: { m: 1 } },
      times(3),
    ),
    ...both('of what was sanitised', 'flaky', { fails: 2, more: [1, { b: null }] }, {}, times(3)),
    'sanitised parameters: local': one('subject', 'near.sanitised', { fails: '2' }, {}, times(3)),
    'sanitised parameters: called by a Moleculer.js node': one('peer', 'near.sanitised', { fails: '2' }, {}, times(3)),
    'an action that nobody has': {
      run: async (side) => [
        await side.subject.call('nobody.here', {}, { retries: 3 }),
        await side.peer.call('near.nobody'),
      ],
      expect: [{ error: { name: 'ServiceNotFoundError' } }, { error: { name: 'ServiceNotFoundError' } }],
    },
    'an inner call of what nobody has: local': one('subject', 'near.toNobody', {}, {}, times(4)),
    'an inner call of what nobody has: called by a Moleculer.js node': one('peer', 'near.toNobody', {}, {}, times(4)),
    'each time a node is chosen anew': {
      async run(side) {
        const definition = (ctx) => side.jsHandler('flaky')(ctx);
        const flaky = { name: 'flaky', actions: { run: { handler: definition, retryPolicy: policy } } };
        const nodes = [await side.node('third', [flaky]), await side.node('fourth', [flaky])];
        await side.until('both nodes', async () => {
          const list = await side.subject.list('actions', { withEndpoints: true });
          return list.find(({ name }) => name === 'flaky.run')?.endpoints.length === 2;
        });
        const outcome = await side.subject.call('flaky.run', { fails: 3 });
        const order = side.ran('flaky').map(({ by }) => by);
        for (const node of nodes) await node.end();
        return { result: outcome.result, others: order.map((by) => by === order[0]), ids: side.ids('flaky') };
      },
      expect: { result: { attempt: 4 }, others: [true, false, true, false], ids: { ids: 4, requests: 1 } },
    },
    'inner retries and outer ones multiply': {
      run: async (side) => [
        await side.subject.call('near.toFar', { fails: 99 }),
        side.ran('toFar').length,
        side.ran('flaky').length,
      ],
      expect: [{ error: { type: 'AGAIN', nodeID: 'peer' } }, 4, 16],
    },
  },
});

parity('retries by the policy of the node', {
  ...scenario,
  options: { retryPolicy: { enabled: true, retries: 2, delay: 5 } },
  cases: {
    'own calls, its own services': one('subject', 'near.plain', { fails: 9 }, {}, times(3)),
    'own calls, another node': one('subject', 'far.plain', { fails: 9 }, {}, times(3)),
    'not the calls of others, whose node has none': one('peer', 'near.plain', { fails: 9 }, {}, times(1)),
    'not when the action says no': one('subject', 'near.off', { fails: 9 }, {}, times(1)),
    'not when the action of another node says no': one('subject', 'far.off', { fails: 9 }, {}, times(1)),
    'laid under that of the action': one('subject', 'near.flaky', { fails: 9 }, {}, times(4)),
    'inner calls': {
      async run(side) {
        const outcome = await side.subject.call('near.toFar', { fails: 1 });
        return { outcome, inner: side.ids('flaky'), outer: side.ids('toFar'), runs: side.seen() };
      },
      expect: { inner: { runs: 2, ids: 2, requests: 1 }, outer: { runs: 1 } },
    },
    'an action that nobody has': {
      run: async (side) => errorFacts((await side.subject.call('nobody.here')).error),
      expect: { name: 'ServiceNotFoundError' },
    },
  },
});
