// SPDX-License-Identifier: MIT
// The app of the examples in docs/services.md, as that page describes it at its top.
import { answer, hang } from '../interop/stage.mjs';

const SLOW_MS = 50;
const fault = (status, message, more = {}) => answer(status, { error: { message, ...more } });

export class ExampleApp {
  #app;
  #asked = new Map();
  #heard = [];

  constructor(app) {
    this.#app = app;
    this.url = app.url;
    this.handlers = {
      '/echo': ({ body }) => ({ response: body.params }),
      '/told': ({ body, headers }) => ({ response: { body, headers } }),
      '/count': (seen) => ({ response: this.#times(seen) }),
      '/fail': () => fault(500, 'broken', { type: 'BROKEN' }),
      '/weak': (seen) => (this.#times(seen) > 2 ? { response: 'well' } : fault(500, 'ill')),
      '/busy': (seen) => (this.#times(seen) > 2
        ? { response: Number(seen.headers['x-retry-attempt'] ?? 0) }
        : fault(503, 'busy', { type: 'BUSY', retryable: true })),
      '/slow': ({ body }) => new Promise((resolve) => {
        setTimeout(() => resolve({ response: body.params }), SLOW_MS);
      }),
      '/never': () => hang,
      '/hear': ({ body }) => {
        this.#heard.push(body);
        return {};
      },
      '/heard': () => ({ response: this.#heard.map(({ nodeID, meta, ...event }) => event) }),
      '/deny': () => fault(403, 'forbidden', { type: 'DENIED' }),
      '/mend': ({ body }) => ({ response: `mended: ${body.error.message}` }),
      '/blame': ({ body }) => fault(418, `blamed: ${body.error.message}`),
      '/user': ({ body }) => ({ params: { ...body.params, by: body.meta.user ?? 'nobody' }, meta: { checked: true } }),
      '/a': append('a'),
      '/b': append('b'),
      '/c': append('c'),
    };
    this.paths = Object.keys(this.handlers);
    for (const [path, handler] of Object.entries(this.handlers)) app.on(path, handler);
  }

  /** Each example meets the app as if it had just started. */
  async reset() {
    this.#asked.clear();
    this.#heard = [];
    this.#app.clear();
  }

  #times({ path }) {
    const n = (this.#asked.get(path) ?? 0) + 1;
    this.#asked.set(path, n);
    return n;
  }
}

/* Appends its letter to params.text before the handler, to the result after it. */
function append(letter) {
  return ({ body }) => (body.hook === 'before'
    ? { params: { ...body.params, text: body.params.text + letter } }
    : { response: `${body.response ?? body.params.text}${letter}` });
}
