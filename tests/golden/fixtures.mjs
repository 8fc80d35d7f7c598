// SPDX-License-Identifier: MIT
// Services that were registered without a record, and the settings each part of the replay runs with.
import { mapRouteNames } from './app.mjs';
import { againstOriginal } from './world.mjs';

const RETRY = { enabled: true, retries: 3, delay: 10 };
const PLAIN = (base, name, actions) => ({ name, settings: { baseUrl: base }, actions });

function ext(base) {
  const actions = Object.fromEntries(mapRouteNames.map((name) => [name, `/m/${name}`]));
  Object.assign(actions, {
    validated: {
      handler: '/m/echo',
      params: { id: { type: 'number', convert: true }, s: { type: 'string', optional: true, default: 'dflt' } },
    },
    strict: { handler: '/m/echo', params: { $$strict: 'remove', id: 'number' } },
    timeout200: { handler: '/m/slow', timeout: 200 },
    retried: { handler: '/m/flaky', retryPolicy: RETRY },
    retried2: { handler: '/m/flaky2', retryPolicy: RETRY },
    cached: { handler: '/m/echo', cache: true },
    priv: { handler: '/m/echo', visibility: 'private' },
    prot: { handler: '/m/echo', visibility: 'protected' },
    noslash: 'm/echo',
    qs: '/m/echo?x=1&y=%20',
    uni: '/m/\u00e9',
    frag: '/m/echo#frag',
    'dotted.name': '/m/echo',
  });
  /* A text as fallback is refused by ours, and the whole service with it. */
  if (againstOriginal) actions.fb = { handler: '/m/errnobody500', fallback: 'static' };
  const events = {
    'ext.ev': '/ev/one', 'ext.wild.*': '/ev/wild', 'ext.g': { handler: '/ev/g', group: 'gg' },
    'ext.fail': '/m/errnobody500', 'ext.rst': '/m/rst',
  };
  return { ...PLAIN(base, 'ext', actions), events };
}

function extbad(base, ports) {
  const actions = {
    rel: '/m/echo',
    junk: 'not a url',
    refused: `http://127.0.0.1:${ports.closed}/x`,
    dns: 'http://no-such-host.invalid/x',
    user: base.replace('//', '//u:p@') + '/m/echo',
    upper: base.replace('http', 'HTTP') + '/m/echo',
    localhost: base.replace('127.0.0.1', 'localhost') + '/m/echo',
    https: base.replace('http', 'https') + '/m/echo',
    empty: '',
  };
  /* Other schemes are refused by ours when the service is registered. */
  if (againstOriginal) Object.assign(actions, { ftp: 'ftp://127.0.0.1/x', data: 'data:text/plain,x' });
  return { name: 'extbad', actions, events: { 'extbad.ev': `http://127.0.0.1:${ports.closed}/x` } };
}

/** The services of the outbound cases. */
export const outboundServices = (base, ports) => [
  ext(base),
  PLAIN(`${base}/`, 'extbase', { dbl: '/m/echo', one: 'm/echo' }),
  extbad(base, ports),
  { ...PLAIN(base, 'extv', { a: '/m/echo' }), version: 1 },
];

const envService = (base) => PLAIN(base, 'exte', {
  flaky: '/e/flaky',
  slow: '/e/slow',
  longer: { handler: '/e/slow', timeout: 2000 },
  cached: { handler: '/e/count', cache: true },
  keyed: { handler: '/e/count', cache: { keys: ['id'], ttl: 60 } },
  bad: '/e/fail',
});

const extEv = (base) => ({
  name: 'ext-ev',
  settings: { baseUrl: base },
  events: {
    'user.created': '/ev/user',
    'wild.*': '/ev/wild',
    'grp.test': { handler: '/ev/grp', group: 'mygroup' },
    'val.ev': { handler: '/ev/val', params: { id: 'number' } },
  },
});

const regQ = (base) => ({
  name: 'reg-q',
  version: 1,
  settings: { baseUrl: base, public: 1 },
  metadata: { k: 'v' },
  actions: { a: { handler: '/ok/hello', params: { id: 'number' } } },
  events: { 'q.e': '/ev/ok' },
});

const events = (base, name, map) => ({ name, settings: { baseUrl: base }, events: map });

export function fullName({ name, version, settings }) {
  if (version === undefined || version === null || settings?.$noVersionPrefix) return name;
  return `${typeof version === 'number' ? 'v' : ''}${version}.${name}`;
}

async function add(world, ...schemas) {
  for (const schema of schemas) await world.sidecar.register(schema);
  for (const schema of schemas) await world.publishedSoon(fullName(schema));
}

const UN = (name, more) => (world) => add(world, { name, ...more });

/** Set-up steps by the id of the case they precede; the first case of a part may have the part's own. */
export const before = {
  'unreg-001': UN('un-a'),
  'unreg-003': UN('un-b', { version: 1 }),
  'unreg-004': UN('un-b', { version: 1 }),
  'unreg-005': UN('un-b', { version: 'staging' }),
  'unreg-006': UN('un-b', { version: 2, settings: { $noVersionPrefix: true } }),
  'unreg-007': UN('un c'),
  'unreg-008': UN('un-d'),
  'unreg-009': UN('un/e'),
  'unreg-017': UN('un-f'),
  'unreg-019': (world) => add(world, { name: 'un-g', version: 1 }, { name: 'un-g', version: 2 }),
  'unreg-021': UN('UN-H'),
  'event-043': (world) => add(world, extEv(world.appUrl)),
  'get-001': async (world) => {
    await add(world, extEv(world.appUrl));
    await world.sidecar.unregister('ext-ev');
    await add(world, regQ(world.appUrl));
  },
  'out-019': (world) => add(world, PLAIN(world.appUrl, 'greeter', { hello: '/m/echo' })),
  'out-022': (world) => world.sidecar.unregister('greeter'),
  'event2-001': (world) => add(world, events(world.appUrl, 'dbl', {
    'twice.ev': '/ev/exact', 'twice.*': '/ev/star', 'twice.**': '/ev/starstar',
  })),
  'event2-003': (world) => add(world, events(world.appUrl, 'slowev', { 'slow.ev': '/ev/slow' })),
  'event2-005': (world) => add(world,
    events(world.appUrl, 'svc-a', { 'bal.ev': { handler: '/ev/a', group: 'g' } }),
    events(world.appUrl, 'svc-b', { 'bal.ev': { handler: '/ev/b', group: 'g' } })),
  'event2-010': (world) => add(world, events(world.appUrl, 'internal', {
    '$services.changed': '/ev/sc', '$node.connected': '/ev/nc', '$node.disconnected': '/ev/nd',
    '$node.updated': '/ev/nu', '$transporter.connected': '/ev/tc',
  })),
  'event2-014': async (world) => {
    await world.sidecar.unregister('internal');
    await add(world, events(world.appUrl, 'all', { '**': '/ev/all' }));
  },
};

const outbound = (world) => add(world, ...outboundServices(world.appUrl, world.ports));
const exte = (world) => add(world, envService(world.appUrl));
const retry = { RETRYPOLICY_ENABLED: 'true', RETRYPOLICY_DELAY: '10' };
/* The recorded limit of bodies is the original's; ours has 4 MiB unless told otherwise. */
const limit = { SIDECAR_BODY_LIMIT: '102400' };

/** Parts that run beside each other, each in a world of its own; `restart`: each case gets a fresh sidecar. */
export const parts = [
  { name: 'outbound: answers of the app', ids: /^maph?-/, setUp: outbound },
  { name: 'call', ids: /^call-/, env: limit },
  { name: 'lifecycle', ids: /^life-/, restart: true },
  { name: 'register', ids: /^reg-/, env: limit },
  { name: 'http', ids: /^http-/ },
  { name: 'outbound: requests', ids: /^out-/, setUp: outbound },
  { name: 'events2', ids: /^event2-/ },
  { name: 'outbound: events', ids: /^ev-/, setUp: outbound },
  { name: 'env: retry policy', ids: /^env-00[1-9]/, env: retry, setUp: exte },
  { name: 'env: request timeout', ids: /^env-01[0-5]/, env: { REQUESTTIMEOUT: '400' }, setUp: exte },
  {
    name: 'env: both', ids: /^env-016/, setUp: exte,
    env: { ...retry, RETRYPOLICY_RETRIES: '2', REQUESTTIMEOUT: '400' },
  },
  {
    name: 'env: cache and metrics', ids: /^env-(01[7-9]|02[0-7])/, setUp: exte,
    env: { CACHER: 'Memory', METRICS: 'true' },
  },
  {
    name: 'env: bulkhead', ids: /^env-028/, setUp: exte,
    env: { BULKHEAD_ENABLED: 'true', BULKHEAD_CONCURRENCY: '1', BULKHEAD_MAXQUEUESIZE: '1' },
  },
  {
    name: 'env: circuit breaker', ids: /^env-(029|03\d)/, setUp: exte,
    env: { CIRCUITBREAKER_ENABLED: 'true', CIRCUITBREAKER_MINREQUESTCOUNT: '3', CIRCUITBREAKER_HALFOPENTIME: '60000' },
  },
  { name: 'destructive', ids: /^destr-/, restart: true },
  { name: 'registry', ids: /^get-/ },
  {
    name: 'node', ids: /^node-/,
  },
  { name: 'events', ids: /^event-/ },
  { name: 'unregister', ids: /^unreg-/ },
];
