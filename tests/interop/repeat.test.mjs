// SPDX-License-Identifier: MIT
// What apps and callers over HTTP are told of repetitions: X-Retry-Attempt, X-Retry-Attempts, X-Repeat-Safe.
import assert from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { answer, generations, learns, named, Stage, until } from './stage.mjs';

for (const version of generations) {
  describe(`repetitions, ${named(version)}`, () => {
    const stage = new Stage();
    let app;
    let sidecar;
    let fails;

    /* Status, and the two headers. */
    async function call(action, body = {}) {
      const response = await sidecar.request('POST', `/v1/call/${action}`, body);
      const header = (name) => response.headers.find(([key]) => key.toLowerCase() === name)?.[1];
      return [response.status, header('x-retry-attempts'), header('x-repeat-safe')];
    }

    before(async () => {
      await stage.nats();
      app = await stage.app();
      app.on('/again', () => (fails-- > 0 ? answer(503, { error: { message: 'not yet', retryable: true } }) : { response: 1 }));
      app.on('/fault', () => answer(500, { error: { message: 'a fault' } }));
      app.on('/never', () => new Promise(() => {}));
      app.on('/inner', () => answer(404, {
        error: { name: 'ServiceNotFoundError', message: 'inner', code: 404, data: { action: 'other.one' }, retryable: true },
      }));
      sidecar = await stage.sidecar();
      await sidecar.register({
        name: 'app', settings: { baseUrl: app.url },
        actions: {
          again: { handler: '/again', retryPolicy: { enabled: true, retries: 3, delay: 1 } },
          fault: '/fault', inner: '/inner', never: { handler: '/never', timeout: 20 },
          checked: { handler: '/fault', params: { id: 'number' } },
        },
      });
      await sidecar.register({ name: 'away', actions: { it: 'http://127.0.0.1:1/' } });
      await stage.node(version, 'js', [{
        name: 'js',
        actions: {
          again: {
            retryPolicy: { enabled: true, retries: 2, delay: 1 },
            handler() {
              throw Object.assign(new Error('busy'), { code: 503, retryable: true });
            },
          },
          checked: { params: { id: 'number' }, handler: () => 1 },
        },
      }]);
      await learns(sidecar, 'js.again', 'js');
    });
    after(() => stage.stop());

    it('the app hears which repetition it is, the caller how many there were', async () => {
      fails = 2;
      app.clear();
      assert.deepStrictEqual(await call('app.again'), [200, '2', undefined]);
      assert.deepStrictEqual(app.at('/again').map(({ headers }) => headers['x-retry-attempt']), [undefined, '1', '2']);
      fails = 0;
      assert.deepStrictEqual(await call('app.again'), [200, undefined, undefined]);
      fails = 100;
      assert.deepStrictEqual(await call('app.again'), [503, '3', 'yes']);
    });

    it('a negative number is none, wherever it stands', async () => {
      const calls = [{ action: 'app.again', options: { retries: -5 } }];
      for (const [path, body] of [['call/app.again', { options: { retries: -5 } }], ['call/app.again', { retries: -0.5 }],
        ['call/app.again?retries=-1', {}], ['mcall', { calls }], ['mcall', { calls, options: { retries: 2 } }]]) {
        fails = 100;
        app.clear();
        await sidecar.request('POST', `/v1/${path}`, body);
        assert.strictEqual(app.at('/again').length, 1, path);
      }
    });

    it('repetitions of remote calls count as well', async () => {
      assert.deepStrictEqual(await call('js.again'), [503, '2', 'yes']);
    });

    it('what has not run may be repeated', async () => {
      for (const action of ['app.checked', 'js.checked', 'no.body', 'app.nothing', 'away.it']) {
        assert.strictEqual((await call(action))[2], 'yes', action);
      }
    });

    it('an action whose after hook cannot be asked has run', async () => {
      app.on('/ok', () => ({ response: 1 }));
      app.clear();
      await sidecar.register({
        name: 'hooked', settings: { baseUrl: app.url },
        actions: {
          it: { handler: '/ok', hooks: { after: 'http://127.0.0.1:1/' }, retryPolicy: { enabled: true, retries: 2, delay: 1 } },
        },
      });
      assert.deepStrictEqual(await call('hooked.it'), [502, undefined, 'no']);
      assert.strictEqual(app.at('/ok').length, 1);
    });

    it('what an attempt before may have done counts, whatever the last one says', async () => {
      app.clear();
      await sidecar.register({
        name: 'late', settings: { baseUrl: app.url },
        actions: { it: { handler: '/never', timeout: 20, retryPolicy: { enabled: true, retries: 1, delay: 300 } } },
      });
      const called = call('late.it');
      await until('it has been asked', () => app.at('/never').length === 1);
      await sidecar.unregister('late');
      assert.deepStrictEqual(await called, [404, '1', 'no']);
    });

    it('what has run, or may have, may not', async () => {
      for (const action of ['app.fault', 'app.never', 'app.inner']) {
        assert.strictEqual((await call(action))[2], 'no', action);
      }
    });
  });
}
