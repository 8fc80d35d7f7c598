// SPDX-License-Identifier: MIT
// Internal events: what a service hears of nodes that come, change, go and get lost, of services and the transporter.
import { parity } from './parity.mjs';
import { quick } from './stage.mjs';

const handlers = { none: () => {} };

/* Of a node what does not depend on time and process; its services by their names. */
function nodeFacts({
  id,
  instanceID,
  available,
  local,
  client,
  metadata,
  config,
  services,
  rawInfo,
  hostname,
  ipList,
  ...rest
}) {
  return {
    id,
    available,
    local,
    client,
    metadata,
    config,
    services: services?.map(({ name }) => name).sort(),
    raw:
      rawInfo &&
      Object.keys(rawInfo)
        .filter((key) => !['sender'].includes(key))
        .sort(),
    others: Object.keys(rest).sort(),
  };
}

const facts = ({ name, params, eventType, eventGroups, nodeID, meta }) => ({
  name,
  eventType,
  eventGroups,
  nodeID,
  meta,
  params: params?.node ? { ...params, node: nodeFacts(params.node) } : params,
});

/* What was heard, each thing once: how often INFO is sent and which request to an app is first, time decides. */
const heard = (side, handler = 'heard') =>
  [...new Set(side.seen(handler).map((run) => JSON.stringify(facts(run))))].sort().map((text) => JSON.parse(text));
const heardOf = (side, name, handler) => heard(side, handler).filter((run) => run.name === name);
const untilHeard = (side, name, test = () => true) =>
  side.until(name, () => side.ran('heard').find((run) => run.name === name && test(run.params)));
const isOf = (id) => (params) => params.node.id === id;
const isLocal =
  (local) =>
  ({ localService }) =>
    localService === local;

const forged = (side) =>
  heard(side)
    .filter(({ params }) => params?.forged)
    .map(({ name, params, nodeID, eventType }) => ({ name, params, nodeID, eventType }));

/* A further node with a service of its name. */
async function arrive(side, id) {
  const broker = await side.node(id, [{ name: id, actions: { get: () => id } }]);
  await untilHeard(side, '$node.connected', isOf(id));
  await side.until(`the service of ${id}`, async () => (await side.subject.call(`${id}.get`)).result === id);
  return broker;
}

async function leave(side, broker) {
  await broker.end();
  await untilHeard(side, '$node.disconnected', isOf(broker.nodeID));
  await untilHeard(side, '$services.changed', isLocal(false));
  await side.settle();
}

/* The first INFO of a node may have its services or not. */
const withoutServices = ({
  params: {
    node: { services, ...node },
    ...params
  },
  ...rest
}) => ({ ...rest, params: { ...params, node } });

parity('internal events', {
  options: quick,
  peerOptions: { heartbeatInterval: 1, heartbeatTimeout: 60 },
  subject: [
    {
      name: 'near',
      events: { '$node.*': 'heard', '$services.changed': 'heard', '$transporter.*': 'heard', '$broker.*': 'heard' },
    },
    { name: 'more', events: { '$node.disconnected': 'also', '$services.*': { handler: 'grouped', group: 'g' } } },
  ],
  handlers,
  cases: {
    'a node that comes': {
      async run(side) {
        const broker = await arrive(side, 'first');
        await side.settle();
        const all = {
          connected: heardOf(side, '$node.connected').map(withoutServices),
          changed: heardOf(side, '$services.changed'),
        };
        await leave(side, broker);
        return all;
      },
      expect: {
        connected: [{ params: { reconnected: false, node: { id: 'first', available: true } } }],
        changed: [{ params: { localService: false } }],
      },
    },
    'a node that goes': {
      async run(side) {
        const broker = await arrive(side, 'second');
        side.clear();
        await leave(side, broker);
        return {
          gone: heardOf(side, '$node.disconnected'),
          changed: heardOf(side, '$services.changed'),
          also: heard(side, 'also'),
          grouped: heard(side, 'grouped'),
        };
      },
      expect: {
        gone: [{ params: { unexpected: false, node: { id: 'second', available: false } } }],
        also: [{}],
        grouped: [{}],
      },
    },
    'a node that changes': {
      async run(side) {
        const broker = await arrive(side, 'third');
        side.clear();
        broker.createService({ name: 'late', actions: { get: () => 1 } });
        await untilHeard(side, '$node.updated', (params) => params.node.services.some(({ name }) => name === 'late'));
        await untilHeard(side, '$services.changed', isLocal(false));
        const all = {
          updated: heardOf(side, '$node.updated').filter(({ params }) => params.node.services.includes('late')),
          changed: heardOf(side, '$services.changed'),
        };
        await leave(side, broker);
        return all;
      },
      expect: { updated: [{ params: { node: { id: 'third' } } }], changed: [{ params: { localService: false } }] },
    },
    'a node that is lost and comes back': {
      async run(side) {
        const broker = await arrive(side, 'fourth');
        side.clear();
        await broker.lose();
        await untilHeard(side, '$node.disconnected', isOf('fourth'));
        const lost = { heard: heardOf(side, '$node.disconnected'), call: await side.subject.call('fourth.get') };
        await broker.back();
        await untilHeard(side, '$node.connected', isOf('fourth'));
        const back = heardOf(side, '$node.connected').map(withoutServices);
        await leave(side, broker);
        return { lost, back };
      },
      expect: {
        lost: { heard: [{ params: { unexpected: true } }], call: { error: { code: 404 } } },
        back: [{ params: { reconnected: true, node: { id: 'fourth' } } }],
      },
    },
    'the services of a node that is lost': {
      async run(side) {
        const broker = await arrive(side, 'fifth');
        side.clear();
        await broker.lose();
        await untilHeard(side, '$node.disconnected', isOf('fifth'));
        if (side.version === 5 || side.kind === 'sidecar') await untilHeard(side, '$services.changed');
        await side.settle();
        const changed = heardOf(side, '$services.changed');
        await broker.back();
        await untilHeard(side, '$node.connected', isOf('fifth'));
        await leave(side, broker);
        return changed;
      },
      differs: {
        generations: [4],
        because: '`$services.changed` when a node is lost',
        sidecar: [{ params: { localService: false } }],
      },
    },
    'own services that come and go': {
      async run(side) {
        await side.register({ name: 'own', actions: { get: 'none' } });
        await untilHeard(side, '$services.changed', isLocal(true));
        const come = heard(side);
        side.clear();
        await side.unregister('own');
        await untilHeard(side, '$services.changed', isLocal(true));
        return { come, go: heard(side) };
      },
      expect: { come: [{ params: { localService: true } }], go: [{ params: { localService: true } }] },
    },
    'a call that a lost node has': {
      async run(side) {
        const broker = await side.node('sixth', [
          {
            name: 'sixth',
            actions: {
              never: {
                handler: (ctx) => side.perform('never', { name: 'sixth.never' }).then(() => new Promise(() => {})),
                retryPolicy: { enabled: true, retries: 2, delay: 5 },
              },
            },
          },
        ]);
        await side.until('its action', async () =>
          (await side.subject.list('actions')).some(({ name }) => name === 'sixth.never'),
        );
        const pending = side.subject.call('sixth.never');
        await side.untilRuns(1, 'never');
        await broker.lose();
        await untilHeard(side, '$node.disconnected', isOf('sixth'));
        return { outcome: await pending, runs: side.ran('never').length };
      },
      expect: { runs: 1 },
    },
    'events of others that look like internal ones': {
      async run(side) {
        await side.peer.emit('$node.updated', { forged: true });
        await side.peer.broadcast('$services.changed', { forged: true });
        await side.settle();
        return forged(side);
      },
    },
    'internal events that an app sends itself': {
      async run(side) {
        await side.subject.emit('$node.updated', { forged: true });
        await side.subject.broadcast('$services.changed', { forged: true });
        await side.settle();
        return forged(side);
      },
    },
  },
});

const ofNode = (runs) =>
  [
    ...new Set(
      runs
        .filter(({ name }) => /^\$(broker|transporter)/.test(name))
        .map(({ name, params, eventType }) => JSON.stringify({ name, params, eventType })),
    ),
  ]
    .sort()
    .map((text) => JSON.parse(text));

parity('internal events of the node itself', {
  subject: [{ name: 'near', events: { '$transporter.*': 'heard', '$broker.*': 'heard' } }],
  handlers,
  cases: {
    'its start': {
      run: async (side) => ofNode(side.seenEarly('heard')),
      expect: [{ name: '$broker.started' }],
      differs: { because: 'A service hears `$broker.started`', sidecar: [] },
    },
    'its end': {
      async run(side) {
        await side.stopSubject();
        return ofNode(side.seen('heard'));
      },
      expect: [{ name: '$broker.stopped' }, { name: '$transporter.disconnected', params: { graceFul: true } }],
    },
  },
});
