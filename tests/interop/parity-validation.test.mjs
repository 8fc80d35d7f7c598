// SPDX-License-Identifier: MIT
// Parameters are checked and sanitised as a Moleculer.js node does, for its own callers and for those of other nodes.
import { bothCallers, parity } from './parity.mjs';

const rules = {
  plain: { name: 'string|min:2', age: { type: 'number', integer: true, positive: true, optional: true } },
  sanitised: {
    text: { type: 'string', trim: true, lowercase: true, convert: true },
    n: { type: 'number', convert: true },
    flag: { type: 'boolean', convert: true, optional: true },
    day: { type: 'date', convert: true, optional: true },
  },
  defaults: {
    size: { type: 'number', default: 5 },
    tags: { type: 'array', items: 'string', default: [] },
    nick: 'string|optional',
  },
  strict: { $$strict: true, id: 'number' },
  removing: { $$strict: 'remove', id: 'number', in: { type: 'object', strict: 'remove', props: { a: 'number' } } },
  nested: {
    user: {
      $$type: 'object',
      name: 'string',
      address: { type: 'object', props: { zip: { type: 'string', length: 5 } } },
    },
    lines: { type: 'array', min: 1, items: { type: 'object', props: { sku: 'string', n: 'number|min:1' } } },
  },
  multi: { id: ['string', 'number'], kind: { type: 'enum', values: ['a', 'b'] } },
  shorthand: { list: 'string[]', mail: 'email', url: 'url|optional', id: 'uuid|optional', any: 'any|optional' },
  messages: { n: { type: 'number', min: 3, messages: { numberMin: 'too few: {actual}' } } },
  compare: { password: 'string|min:6', again: { type: 'equal', field: 'password' } },
  nullable: { a: 'string|nullable', b: { type: 'number', nullable: true, default: 3 } },
  record: {
    map: { type: 'record', key: { type: 'string', alpha: true }, value: 'number' },
    pair: { type: 'tuple', items: ['string', 'number'] },
  },
  root: { $$root: true, type: 'array', items: 'number' },
};

const calls = {
  'what is right': ['plain', { name: 'Ada', age: 36 }],
  'what is missing': ['plain', {}],
  'no parameters at all': ['plain', undefined],
  'several faults, in their order': ['plain', { name: 'A', age: -1.5 }],
  'wrong types': ['plain', { name: 1, age: 'x' }],
  'unknown members': ['plain', { name: 'Ada', more: [1] }],
  sanitisers: ['sanitised', { text: '  HeLLo ', n: '12.50', flag: 'on', day: 0 }],
  'sanitisers that fail': ['sanitised', { text: null, n: 'twelve', flag: 'maybe' }],
  defaults: ['defaults', {}],
  'defaults that are not needed': ['defaults', { size: 1, tags: ['x'], nick: 'n' }],
  'strict: nothing more': ['strict', { id: 1 }],
  'strict: more': ['strict', { id: 1, b: 2, a: 3 }],
  'strict: more and wrong': ['strict', { b: 2 }],
  'strict remove': ['removing', { x: 1, id: 1, in: { a: 1, b: 2 }, y: null }],
  nested: ['nested', { user: { name: 'Ada', address: { zip: '12345' } }, lines: [{ sku: 'x', n: 1 }] }],
  'nested faults': ['nested', { user: { address: { zip: '1' } }, lines: [{ sku: 'x', n: 0 }, { n: 2 }] }],
  'nested, missing': ['nested', { user: null, lines: [] }],
  'one of several rules': ['multi', { id: 'x', kind: 'a' }],
  'none of several rules': ['multi', { id: true, kind: 'c' }],
  shorthand: [
    'shorthand',
    { list: ['a'], mail: 'a@b.cc', url: 'http://x.yz', id: '10ba038e-48da-487b-96e8-8d3b99b6d18a' },
  ],
  'shorthand faults': ['shorthand', { list: ['a', 1], mail: 'a', url: 'x', id: 'y' }],
  'messages of the schema': ['messages', { n: 2 }],
  'equal fields': ['compare', { password: 'secret1', again: 'secret1' }],
  'fields that differ': ['compare', { password: 'secret1', again: 'secret2' }],
  null: ['nullable', { a: null, b: null }],
  'records and tuples': ['record', { map: { a: 1 }, pair: ['x', 1] }],
  'records and tuples, wrong': ['record', { map: { a1: 'x' }, pair: ['x'] }],
  'a list as parameters': ['root', [1, 2]],
  'a list as parameters, wrong': ['root', [1, 'x']],
};

const cases = Object.fromEntries(
  Object.entries(calls).map(([title, [action, params]]) => [title, bothCallers(`checked.${action}`, params)]),
);
Object.assign(cases['several faults, in their order'], {
  expect: {
    local: { error: { name: 'ValidationError', code: 422 } },
    remote: { error: { name: 'ValidationError', code: 422 } },
    runs: [],
  },
});
Object.assign(cases.sanitisers, { expect: { runs: [{ params: { text: 'hello', n: 12.5, flag: true } }, {}] } });

parity('validation', {
  options: { retryPolicy: { enabled: true, retries: 2, delay: 5 } },
  subject: [
    {
      name: 'checked',
      actions: {
        ...Object.fromEntries(Object.entries(rules).map(([name, params]) => [name, { handler: name, params }])),
        inner: { handler: 'inner' },
      },
      events: { 'checked.event': { handler: 'heard', params: { id: { type: 'number', convert: true } } } },
    },
  ],
  peer: [
    {
      name: 'far',
      actions: { checked: { handler: 'farChecked', params: { n: 'number|max:3', $$strict: true } } },
    },
  ],
  handlers: { inner: (ctx) => ctx.call('checked.plain', ctx.params) },
  cases: {
    ...cases,
    'null as parameters': {
      run: async (side) => [
        await side.peer.call('checked.plain', null),
        await side.peer.call('checked.defaults', null),
        await side.peer.call('checked.inner', null),
        side.seen(),
      ],
    },
    'an error of an inner call passes through': bothCallers(
      'checked.inner',
      { name: 'A' },
      {},
      { expect: { remote: { error: { name: 'ValidationError' } } } },
    ),
    'an error of another node': {
      run: async (side) => [
        await side.subject.call('far.checked', { n: 4, m: 1 }),
        await side.subject.call('far.checked', { n: 3 }),
        side.seen(),
      ],
      expect: [{ error: { name: 'ValidationError', nodeID: 'peer' } }, { result: { n: 3 } }, [{}]],
    },
    'events are checked, nobody hears of an error': {
      async run(side) {
        for (const who of ['peer', 'subject']) {
          for (const params of [{ id: 'x' }, { id: '7' }, {}]) await side[who].emit('checked.event', params);
          await side.settle();
        }
        await side.untilRuns(2);
        return side.seen();
      },
      expect: [{ params: { id: 7 } }, { params: { id: 7 } }],
    },
  },
});
