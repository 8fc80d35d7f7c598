// SPDX-License-Identifier: MIT
// A schema with a fault anywhere is refused with the fault's path; nothing of it is registered and what is there stays.
import assert from 'node:assert';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Sidecar } from '../support-js/process.mjs';

const handler = '/answer';
const action = (members) => ({ actions: { get: { handler, ...members } } });
const event = (members) => ({ events: { 'thing.*': { handler, ...members } } });
const settings = (members) => ({ settings: members });

/* Path of the fault: what the schema of the service is extended by. */
const faults = {
  version: { version: [] },
  'settings.$noVersionPrefix': settings({ $noVersionPrefix: 'yes' }),
  'settings.$noServiceNamePrefix': settings({ $noServiceNamePrefix: 1 }),
  'settings.$secureSettings': settings({ $secureSettings: 'token', token: 'x' }),
  'settings.$shutdownTimeout': settings({ $shutdownTimeout: -1 }),
  'settings.$dependencyTimeout': settings({ $dependencyTimeout: 'long' }),
  'settings.$cache.ttl': settings({ $cache: { ttl: '5' } }),
  'actions.get.params': action({ params: { id: 'nosuchrule' } }),
  'actions.get.timeout': action({ timeout: '5' }),
  'actions.get.cache.keys': action({ cache: { keys: 'id' } }),
  'actions.get.cache.lock.enabled': action({ cache: { lock: { enabled: 1 } } }),
  'actions.get.retryPolicy': action({ retryPolicy: true }),
  'actions.get.retryPolicy.delay': action({ retryPolicy: { delay: '100' } }),
  'actions.get.retryPolicy.check': action({ retryPolicy: { check: 'err => true' } }),
  'actions.get.circuitBreaker.threshold': action({ circuitBreaker: { threshold: -0.5 } }),
  'actions.get.bulkhead.concurrency': action({ bulkhead: { concurrency: 0 } }),
  'actions.get.visibility': action({ visibility: ['public'] }),
  'actions.get.strategy': action({ strategy: 'Nearest' }),
  'actions.get.strategyOptions.vnodes': action({ strategyOptions: { vnodes: '10' } }),
  'actions.get.tracing': action({ tracing: 'on' }),
  'events.thing.*.params': event({ params: { id: { type: 'string', pattern: '(' } } }),
  'events.thing.*.group': event({ group: 5 }),
  'events.thing.*.debounce': event({ debounce: '10' }),
  'events.thing.*.throttle': event({ throttle: -1 }),
  'events.thing.*.bulkhead.maxQueueSize': event({ bulkhead: { maxQueueSize: {} } }),
  'events.thing.*.cleanCache': event({ cleanCache: 5 }),
};

describe('faulty schemas', () => {
  let app;
  let sidecar;
  let there;
  const services = async () => (await sidecar.json('GET', '/v1/registry/services?skipInternal=true&withActions=true&withEvents=true')).body;
  const good = () => ({ name: 'kept', settings: { baseUrl: `http://127.0.0.1:${app.address().port}` }, actions: { get: handler } });
  const refuse = async (schema, path) => {
    const { status, body } = await sidecar.json('POST', '/v1/registry/services', schema);
    assert.strictEqual(status, 400, JSON.stringify(body));
    assert.strictEqual(body.type, 'INVALID_SCHEMA');
    assert.deepStrictEqual(body.data.faults.map((fault) => fault.path), [path]);
    assert.deepStrictEqual(await services(), there);
    const answer = await sidecar.json('POST', '/v1/call/kept.get', {});
    assert.strictEqual(answer.body?.response, 'kept', JSON.stringify(answer));
  };

  before(async () => {
    app = http.createServer((request, response) => {
      response.setHeader('Content-Type', 'application/json');
      request.resume().on('end', () => response.end(JSON.stringify({ response: 'kept' })));
    });
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    sidecar = await new Sidecar({}).listening();
    await sidecar.register(good());
    there = await services();
  });
  after(async () => {
    await sidecar?.end();
    app?.close();
    app?.closeAllConnections();
  });

  for (const [path, members] of Object.entries(faults)) {
    const extended = () => ({ ...good(), ...members, settings: { ...good().settings, ...members.settings } });
    it(path, async () => {
      await refuse(extended(), path);
      await refuse({ ...extended(), name: 'fresh' }, path);
      await refuse([{ ...good(), name: 'first' }, { ...extended(), name: 'second' }], `[1].${path}`);
    });
  }

  it('all faults of a schema are told at once', async () => {
    const { status, body } = await sidecar.json('POST', '/v1/registry/services', {
      name: 'kept', version: {}, ...settings({ $noVersionPrefix: 1 }), ...action({ timeout: 'x', retryPolicy: { retries: 'y', factor: 0 } }),
    });
    assert.strictEqual(status, 400);
    assert.deepStrictEqual(body.data.faults.map(({ path }) => path).sort(), [
      'actions.get.retryPolicy.factor', 'actions.get.retryPolicy.retries', 'actions.get.timeout', 'settings.$noVersionPrefix', 'version',
    ]);
  });
});
