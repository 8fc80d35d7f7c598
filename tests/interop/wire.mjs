// SPDX-License-Identifier: MIT
// A plain NATS client that hears every packet of the cluster and can forge any.
import { connect } from 'nats';
import { waitFor } from '../support-js/process.mjs';

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Hears everything below MOL. */
export async function listenOnWire(options) {
  const connection = await connect({ reconnect: false, ...options });
  let heard = [];
  const listeners = new Set();
  connection.subscribe('MOL.>', {
    callback: (err, message) => {
      if (err) return;
      const [, type, ...target] = message.subject.split('.');
      const text = new TextDecoder().decode(message.data);
      const item = { type, target: target.join('.'), packet: parse(text), text, at: Date.now() };
      heard.push(item);
      for (const listener of listeners) listener(item);
    },
  });
  await connection.flush();
  return {
    heard: (type, sender) => heard.filter((item) =>
      (!type || item.type === type) && (!sender || item.packet?.sender === sender)),
    forget() {
      heard = [];
    },
    /** The first packet for which test() holds, of those heard or to come. */
    async packet(what, test, ms = 8000) {
      const found = await waitFor(() => heard.find(test), ms);
      if (!found) throw new Error(`not heard within ${ms} ms: ${what}`);
      return found;
    },
    onPacket: (listener) => listeners.add(listener),
    /** Sends text, bytes or an object as JSON. */
    send(topic, body) {
      const plain = typeof body === 'string' || body instanceof Uint8Array;
      connection.publish(`MOL.${topic}`, plain ? new Uint8Array(Buffer.from(body)) : Buffer.from(JSON.stringify(body)));
    },
    flush: () => connection.flush(),
    connection,
    stop: () => connection.close(),
  };
}
