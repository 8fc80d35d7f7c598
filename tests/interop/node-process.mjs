// SPDX-License-Identifier: MIT
// A Moleculer.js node as a process of its own: node-process.mjs PROTOCOL NODE_ID NATS_URL
import { createRequire } from 'node:module';

const [, , version, nodeID, transporter] = process.argv;
const { ServiceBroker } = createRequire(import.meta.url)(version === '4' ? 'moleculer014' : 'moleculer');

const broker = new ServiceBroker({
  nodeID, transporter, logger: false, heartbeatInterval: 1, heartbeatTimeout: 2,
  transit: { serviceChangedDebounceTime: 0 },
});
broker.createService({
  name: 'far',
  actions: {
    whoami: () => nodeID,
    never: () => new Promise(() => {}),
    /* Calls on behalf of a test: what came back. */
    relay: (ctx) => ctx.call(ctx.params.action, ctx.params.params),
  },
});
await broker.start();
console.log('started');
