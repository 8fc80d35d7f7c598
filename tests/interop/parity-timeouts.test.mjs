// SPDX-License-Identifier: MIT
// Time-outs: of actions, of calls, of the node; what is left for inner calls; answers that come too late.
import { errorFacts, parity, untold } from './parity.mjs';

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const handlers = {
  wait: (ctx, side) => side.gate('wait').opened,
  sleep: ({ params }) => sleep(params.ms).then(() => 'slept'),
  /* Calls on behalf of a test. */
  outer: ({ call, params: { action, params, opts } }) => call(action, params, opts),
  async late({ call, params: { ms } }, side) {
    await sleep(ms);
    side.state.inner = await call('far.quick', {}).then(
      () => 'no error',
      (err) => errorFacts(err).name,
    );
  },
};

const actions = {
  wait: 'wait',
  sleep: 'sleep',
  quick: 'quick',
  outer: 'outer',
  limited: { handler: 'wait', timeout: 300 },
  lax: { handler: 'sleep', timeout: 300 },
  again: { handler: 'wait', timeout: 300, retryPolicy: { enabled: true, retries: 2, delay: 5 } },
  none: { handler: 'sleep', timeout: 0 },
};

/* One call by the subject, one by the peer, of actions of the subject; each runs the handler so many times. */
const both = (action, params, opts, outcome, runs = 1) => ({
  async run(side) {
    const local = await side.subject.call(action, params, opts);
    await side.untilRuns(runs);
    const remote = untold(await side.peer.call(action, params, opts));
    await side.untilRuns(2 * runs);
    return { local, remote, runs: side.ran().length };
  },
  expect: { local: outcome, remote: outcome, runs: 2 * runs },
});
const timedOut = { error: { name: 'RequestTimeoutError', code: 504, type: 'REQUEST_TIMEOUT', retryable: true } };
const slept = { result: 'slept' };

parity('time-outs', {
  subject: [{ name: 'near', actions: { ...actions, late: { handler: 'late', timeout: 300 } } }],
  peer: [{ name: 'far', actions }],
  handlers,
  cases: {
    'of an action': both('near.limited', {}, {}, timedOut),
    'of a call': both('near.wait', {}, { timeout: 300 }, timedOut),
    'of a call stands over that of the action, longer': both('near.lax', { ms: 600 }, { timeout: 9000 }, slept),
    'of a call stands over that of the action, none': both('near.lax', { ms: 600 }, { timeout: 0 }, slept),
    'of a call, below nothing, is none': both('near.lax', { ms: 600 }, { timeout: -1 }, slept),
    'of a call, with a fraction': both('near.wait', {}, { timeout: 300.25 }, timedOut),
    'are tried again': both('near.again', {}, {}, timedOut, 3),
    'are not tried again beyond what the call says': both('near.again', {}, { retries: 0 }, timedOut),
    'of actions of another node': {
      run: async (side) => [
        untold(await side.subject.call('far.limited')),
        untold(await side.subject.call('far.wait', {}, { timeout: 300 })),
        await side.subject.call('far.lax', { ms: 600 }, { timeout: 9000 }),
        await side.subject.call('far.quick'),
        untold(await side.subject.call('far.again')),
        (await side.untilRuns(7)) && side.seen(),
      ],
      expect: [timedOut, timedOut, slept, {}, timedOut, [{}, {}, {}, {}, {}, {}, {}]],
    },
    'an answer too late meets nobody': {
      async run(side) {
        const late = [
          await side.subject.call('near.limited'),
          untold(await side.peer.call('near.limited')),
          untold(await side.subject.call('far.limited')),
        ];
        side.gate('wait').open();
        const then = [
          await side.subject.call('near.quick', { n: 1 }),
          await side.peer.call('near.quick', { n: 2 }),
          await side.subject.call('far.quick', { n: 3 }),
        ];
        return { late, then };
      },
      expect: {
        late: [timedOut, timedOut, timedOut],
        then: [{ result: { n: 1 } }, { result: { n: 2 } }, { result: { n: 3 } }],
      },
    },
    'an inner call gets what is left': {
      async run(side) {
        const params = { action: 'far.quick', params: { a: 1 } };
        return {
          outcomes: [
            await side.peer.call('near.outer', params, { timeout: 9000 }),
            await side.subject.call('near.outer', params, { timeout: 9000 }),
            await side.peer.call('near.outer', params),
          ],
          limits: side.ran('quick').map(({ hasLimit }) => hasLimit),
        };
      },
      expect: { limits: [true, true, false] },
    },
    'an inner call ends after its own time-out, when that is less': {
      async run(side) {
        const params = { action: 'far.wait', params: {}, opts: { timeout: 300 } };
        return [
          untold(await side.peer.call('near.outer', params, { timeout: 9000 })),
          untold(await side.subject.call('near.outer', params, { timeout: 9000 })),
          (await side.untilRuns(2, 'wait')) && side.ran('wait').length,
        ];
      },
      expect: [{ error: { action: 'far.wait' } }, { error: { action: 'far.wait' } }, 2],
    },
    'an inner call ends with the outer one, when that is first': {
      async run(side) {
        const params = { action: 'far.wait', params: {}, opts: { timeout: 9000 } };
        return [
          untold(await side.peer.call('near.outer', params, { timeout: 600 })).error.name,
          untold(await side.subject.call('near.outer', params, { timeout: 600 })).error.name,
          (await side.untilRuns(2, 'wait')) && side.ran('wait').length,
        ];
      },
      expect: ['RequestTimeoutError', 'RequestTimeoutError', 2],
    },
    'what is left stands over the time-out of an inner action': {
      async run(side) {
        const params = { action: 'near.lax', params: { ms: 600 } };
        return [
          await side.subject.call('near.outer', params, { timeout: 9000 }),
          await side.subject.call('near.outer', params),
        ];
      },
      expect: [slept, { error: { name: 'RequestTimeoutError' } }],
    },
    'a call for which no time is left is not made': {
      async run(side) {
        const outcome = await side.subject.call('near.late', { ms: 600 });
        return {
          outcome,
          inner: await side.until('the inner call', () => side.state.inner),
          ran: side.ran('quick').length,
        };
      },
      expect: { outcome: timedOut, inner: 'RequestSkippedError', ran: 0 },
    },
  },
});

parity('the time-out of the node', {
  options: { requestTimeout: 300 },
  subject: [{ name: 'near', actions }],
  peer: [{ name: 'far', actions }],
  handlers,
  cases: {
    'limits own calls, not those of others': {
      run: async (side) => [
        await side.subject.call('near.wait'),
        await side.peer.call('near.sleep', { ms: 600 }),
        untold(await side.subject.call('far.wait')),
      ],
      expect: [timedOut, slept, timedOut],
    },
    'does not stand over that of an action or call': {
      run: async (side) => [
        await side.subject.call('near.none', { ms: 600 }),
        await side.subject.call('far.none', { ms: 600 }),
        await side.subject.call('near.sleep', { ms: 600 }, { timeout: 9000 }),
        await side.subject.call('far.sleep', { ms: 600 }, { timeout: 0 }),
      ],
      expect: [slept, slept, slept, slept],
    },
  },
});
