// SPDX-License-Identifier: MIT
// Services: names, what of them is published, who may call what, coming and going, dependencies.
import { errorFacts, parity } from './parity.mjs';

const handlers = {
  name: ({ name }) => name,
  call: ({ call, params: { action } }) =>
    call(action, {}).then(
      (result) => ({ result }),
      (err) => ({ error: errorFacts(err) }),
    ),
};

const actions = { get: 'name' };
const events = { 's.event': 'heard', 's.more': { handler: 'heard', group: 'g', description: 'x' } };
const shapes = {
  plain: { name: 'plain', actions, events },
  number: { name: 'posts', version: 2, actions, events },
  text: { name: 'posts', version: 'staging', actions },
  zero: { name: 'posts', version: 0, actions },
  noVersionPrefix: { name: 'free', version: 3, settings: { $noVersionPrefix: true }, actions },
  noServicePrefix: { name: 'hidden', settings: { $noServiceNamePrefix: true }, actions: { 'bare.action': 'name' } },
  noPrefixes: {
    name: 'bare',
    version: 4,
    settings: { $noServiceNamePrefix: true, $noVersionPrefix: true },
    actions: { barely: 'name' },
  },
  notQuite: { name: 'notquite', version: 5, settings: { $noVersionPrefix: false, $noServiceNamePrefix: false }, actions },
  dotted: { name: 'a.b', actions: { 'c.d': 'name' } },
  metadata: {
    name: 'described',
    metadata: { region: 'eu', nested: { list: [1, null] } },
    settings: { page: 10, rest: '/x' },
    actions,
  },
  secure: {
    name: 'secure',
    settings: { $secureSettings: ['password', 'db.pass'], password: 'x', db: { pass: 'y', user: 'z' }, open: 1 },
    actions,
  },
  renamed: {
    name: 'renamed',
    actions: { key: { handler: 'name', name: 'other' } },
    events: { key: { handler: 'heard', name: 'r.event' } },
  },
  defined: {
    name: 'defined',
    actions: {
      get: {
        handler: 'name',
        description: 'reads',
        params: { id: 'number|optional' },
        cache: { keys: ['id'] },
        timeout: 500,
        rest: 'GET /:id',
        retryPolicy: { enabled: true, retries: 2 },
        bulkhead: { enabled: true },
        circuitBreaker: { enabled: false },
        visibility: 'published',
        openapi: { tags: ['a'] },
        graphql: { query: 'x' },
        tracing: false,
      },
    },
  },
  hiding: { name: 'hiding', actions: { seen: 'name', unseen: { handler: 'name', protected: true } } },
};

/* Of every service but the sidecar's own difference: where its app is. */
const published = (services) =>
  services
    .filter(({ name }) => !name.startsWith('$') && !name.startsWith('parity-'))
    .map(({ settings: { baseUrl, ...settings }, ...rest }) => ({ ...rest, settings }))
    .sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
const listed = (list) =>
  list.filter(({ name }) => !/^(\$|parity)/.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));

const callAll = (who, names) => ({
  async run(side) {
    const outcomes = {};
    for (const name of names) outcomes[name] = await side[who].call(name);
    return outcomes;
  },
});
const NAMES = [
  'plain.get',
  'v2.posts.get',
  'staging.posts.get',
  'v0.posts.get',
  'posts.get',
  'free.get',
  'v3.free.get',
  'bare.action',
  'hidden.bare.action',
  'barely',
  'v5.notquite.get',
  'a.b.c.d',
  'renamed.other',
  'renamed.key',
  'defined.get',
  'hiding.unseen',
];

parity('services', {
  subject: Object.values(shapes),
  peer: [{ name: 'far', actions }],
  handlers,
  cases: {
    'what other nodes know of them': {
      run: async (side) =>
        published(
          (await side.peer.list('services', { withActions: true, withEvents: true })).filter(({ nodes }) =>
            nodes.includes('subject'),
          ),
        ),
    },
    'what the node itself lists': {
      run: async (side) =>
        published(await side.subject.list('services', { withActions: true, withEvents: true })).map((service) => ({
          ...service,
          nodes: [...service.nodes].sort(),
        })),
    },
    'what other nodes know of actions': {
      run: async (side) => listed(await side.peer.list('actions', { withEndpoints: true })),
    },
    'what other nodes know of events': {
      run: async (side) => listed(await side.peer.list('events', { withEndpoints: true })),
    },
    'what the node itself lists of actions': {
      run: async (side) => listed(await side.subject.list('actions', { withEndpoints: true })),
    },
    'what the node itself lists of events': {
      run: async (side) => listed(await side.subject.list('events', { withEndpoints: true })),
    },
    'their actions, local': callAll('subject', NAMES),
    'their actions, called by a Moleculer.js node': callAll('peer', NAMES),
  },
});

const guarded = {
  name: 'guarded',
  actions: {
    open: 'name',
    published: { handler: 'name', visibility: 'published' },
    public: { handler: 'name', visibility: 'public' },
    protected: { handler: 'name', visibility: 'protected' },
    private: { handler: 'name', visibility: 'private' },
    none: { handler: 'name', visibility: null },
    call: 'call',
  },
};
const KINDS = ['open', 'published', 'public', 'protected', 'private', 'none'];
const guardedNames = KINDS.map((kind) => `guarded.${kind}`);

parity('visibility', {
  subject: [guarded, { name: 'neighbour', actions: { call: 'call' } }],
  peer: [{ ...guarded, name: 'theirs' }],
  handlers,
  cases: {
    local: callAll('subject', guardedNames),
    'called by a Moleculer.js node': callAll('peer', guardedNames),
    'called on a Moleculer.js node': callAll(
      'subject',
      KINDS.map((kind) => `theirs.${kind}`),
    ),
    ...Object.fromEntries(
      [
        ['its own service', 'guarded'],
        ['a service beside it', 'neighbour'],
      ].map(([what, name]) => [
        `called by ${what}`,
        {
          async run(side) {
            const outcomes = {};
            for (const action of guardedNames) outcomes[action] = await side.subject.call(`${name}.call`, { action });
            return outcomes;
          },
        },
      ]),
    ),
    'what other nodes know': {
      run: async (side) =>
        listed(await side.peer.list('actions', { withEndpoints: true })).filter(({ name }) =>
          name.startsWith('guarded'),
        ),
    },
    'what the node itself lists': {
      run: async (side) => listed(await side.subject.list('actions', { withEndpoints: true })),
    },
  },
});

parity('services that come and go', {
  options: { dependencyInterval: 20 },
  peer: [{ name: 'far', actions }],
  handlers,
  cases: {
    'a service that is removed': {
      async run(side) {
        const schema = { name: 'short', version: 1, actions, events: { 'short.event': 'heard' } };
        await side.register(schema);
        await side.peerKnows([schema]);
        const before = [await side.subject.call('v1.short.get'), await side.peer.call('v1.short.get')];
        await side.unregister('v1.short');
        await side.until(
          'the peer knows that it is gone',
          async () => !(await side.peer.list('services', {})).some(({ fullName }) => fullName === 'v1.short'),
        );
        const after = [
          await side.subject.call('v1.short.get'),
          await side.peer.call('v1.short.get'),
          await side.peer.call('v1.short.get', {}, { nodeID: 'subject' }),
        ];
        await side.peer.emit('short.event', {});
        await side.settle();
        await side.register(schema);
        await side.peerKnows([schema]);
        return {
          before,
          after,
          again: [await side.subject.call('v1.short.get'), await side.peer.call('v1.short.get')],
          events: side.ran('heard').length,
          listed: listed(await side.peer.list('actions', { withEndpoints: true })),
        };
      },
      expect: {
        before: [{ result: 'v1.short.get' }, {}],
        after: [{ error: { code: 404 } }, { error: { code: 404 } }, {}],
        events: 0,
      },
    },
    'an action that is only known of the past': {
      run: async (side) => [
        await side.subject.call('never.was'),
        await side.peer.call('never.was'),
        await side.peer.call('never.was', {}, { nodeID: 'subject' }),
        await side.subject.call('far.nothing'),
      ],
    },
    'a service that waits for one of another node': {
      async run(side) {
        const schema = { name: 'orders', dependencies: ['far', { name: 'users', version: 2 }], actions };
        await side.register(schema);
        const waiting = [await side.subject.call('orders.get'), await side.peer.call('orders.get')];
        side.peerBroker.createService({ name: 'users', version: 2 });
        await side.peerKnows([schema]);
        return {
          waiting,
          then: [await side.subject.call('orders.get'), await side.peer.call('orders.get')],
          listed: published(await side.peer.list('services', {})),
        };
      },
      expect: { waiting: [{ error: { name: 'ServiceNotFoundError' } }, {}], then: [{ result: 'orders.get' }, {}] },
    },
    'a service of another node that waits for one of this': {
      async run(side) {
        side.peerBroker.createService({
          name: 'shop',
          dependencies: [{ name: 'stock', version: [1, 2] }],
          actions: { open: () => 'open' },
        });
        const before = await side.peer.call('shop.open');
        await side.register({ name: 'stock', version: 2, actions });
        await side.until('the shop opens', async () => (await side.peer.call('shop.open')).result === 'open');
        await side.until('the subject knows', async () => (await side.subject.call('shop.open')).result === 'open');
        return before;
      },
      expect: { error: { name: 'ServiceNotFoundError' } },
    },
  },
});
