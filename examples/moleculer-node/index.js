// SPDX-License-Identifier: MIT
// A real Moleculer.js node: it knows nothing of sidecars, and calls the service in Python like any other.
//   environment: TRANSPORTER (nats://127.0.0.1:4222), NODEID (shop-js)
'use strict';

const { ServiceBroker } = require('moleculer');

const broker = new ServiceBroker({
  nodeID: process.env.NODEID ?? 'shop-js',
  transporter: process.env.TRANSPORTER ?? 'nats://127.0.0.1:4222',
  logLevel: 'warn',
  heartbeatInterval: 5,
});

broker.createService({
  name: 'printer',
  actions: {
    print: {
      params: { text: 'string' },
      handler: (ctx) => `*** ${ctx.params.text} *** (printed on ${broker.nodeID} for ${ctx.caller}, level ${ctx.level})`,
    },
  },
  events: {
    'till.sold'(ctx) {
      console.log(`event ${ctx.eventName} from ${ctx.nodeID}: ${ctx.params.item}`);
    },
  },
});

/* What the demo asks of this node: prices seen from here, in several calls, and an event. */
broker.createService({
  name: 'customer',
  actions: {
    async ask(ctx) {
      try {
        return await ctx.call('till.price', ctx.params);
      } catch (err) {
        return `${err.name} ${err.code} ${err.type}: ${err.message} (from ${err.nodeID})`;
      }
    },
    async askTwice(ctx) {
      const first = await ctx.call('till.price', ctx.params);
      const second = await ctx.call('till.price', ctx.params);
      return [first, second].map((answer) => answer['served by']).sort();
    },
    deliver(ctx) {
      return ctx.broadcast('stock.delivered', ctx.params).then(() => 'told');
    },
  },
});

broker.start().then(() => console.log('started'));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => broker.stop().then(() => process.exit(0)));
}
