// SPDX-License-Identifier: MIT
// Compares what happened with what was recorded, and says where they differ in short lines.
import crypto from 'node:crypto';
import { againstOriginal } from './world.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/* Members whose value belongs to the machine or the moment; beside an instanceID only their type is compared. */
const number = (value) => value === null || typeof value === 'number';
const nodeMember = {
  lastHeartbeatTime: number,
  cpu: number,
  cpuSeq: number,
  seq: number,
  hostname: (value) => isText(value),
  ipList: (value) => Array.isArray(value) && value.every(isText),
  client: (value) => ['type', 'version', 'langVersion'].every((key) => isText(value?.[key])),
  instanceID: (value) => UUID.test(value),
};

const isText = (value) => typeof value === 'string';
const wholeText = new Map([
  ['<UUID>', (value) => UUID.test(value)],
  ['<VAR>', (value) => isText(value) || number(value)],
  ['<HOST>', isText],
  ['<IP>', isText],
  ['<NODE_VERSION>', isText],
  ['<STACK>', isText],
]);

const LONG_RESULT = /^<(\d+) characters, sha256 ([0-9a-f]+), begins /;
const LONG_BODY = /^<(\d+) chars, sha1 ([0-9a-f]+): /;
const hash = (kind, text) => crypto.createHash(kind).update(text).digest('hex');

function textMatches(expected, actual) {
  if (wholeText.has(expected)) return wholeText.get(expected)(actual);
  const long = LONG_RESULT.exec(expected);
  if (long) return actual.length === Number(long[1]) && hash('sha256', actual).startsWith(long[2]);
  if (!/<(HEX|OPENSSL_SOURCE_LINE|UUID)>/.test(expected)) return expected === actual;
  const pattern = expected.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/<(HEX|OPENSSL_SOURCE_LINE|UUID)>/g, '.*');
  return new RegExp(`^${pattern}$`).test(actual);
}

export const show = (value) => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text;
};

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * Adds to `diff` a line for each place where `actual` is not as expected. A function as expected value is a
 * predicate. With `ordered` the members of objects have to stand in the same order.
 */
export function compare(diff, path, expected, actual, ordered = false) {
  if (typeof expected === 'function') {
    const verdict = expected(actual);
    if (verdict !== true) diff.push(`${path}: expected ${verdict || 'otherwise'}, got ${show(actual)}`);
  } else if (typeof expected === 'string' && typeof actual === 'string') {
    if (!textMatches(expected, actual)) diff.push(`${path}: expected ${show(expected)}, got ${show(actual)}`);
  } else if (wholeText.has(expected)) {
    if (!wholeText.get(expected)(actual)) diff.push(`${path}: expected ${expected}, got ${show(actual)}`);
  } else if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) {
      diff.push(`${path}: expected ${expected.length} items, got ${actual.length}: ${show(actual)}`);
    }
    const n = Math.min(expected.length, actual.length);
    for (let i = 0; i < n; i++) compare(diff, `${path}[${i}]`, expected[i], actual[i], ordered);
  } else if (isObject(expected) && isObject(actual)) {
    compareMembers(diff, path, expected, actual, ordered);
  } else if (!Object.is(expected, actual)) {
    diff.push(`${path}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

function compareMembers(diff, path, expected, actual, ordered) {
  const keys = Object.keys(expected);
  const aboutNode = Object.hasOwn(expected, 'instanceID');
  for (const key of keys) {
    const rule = aboutNode && Object.hasOwn(nodeMember, key) && nodeMember[key];
    if (!Object.hasOwn(actual, key)) {
      if (typeof expected[key] === 'function' && expected[key](undefined) === true) continue;
      diff.push(`${path}.${key}: expected ${show(expected[key])}, got nothing`);
    } else if (!rule) {
      compare(diff, `${path}.${key}`, expected[key], actual[key], ordered);
    } else if (!rule(actual[key])) {
      diff.push(`${path}.${key}: got ${show(actual[key])}`);
    }
  }
  const extra = Object.keys(actual).filter((key) => !Object.hasOwn(expected, key));
  for (const key of extra) diff.push(`${path}.${key}: not expected, got ${show(actual[key])}`);
  const both = keys.filter((key) => Object.hasOwn(actual, key));
  const order = Object.keys(actual).filter((key) => Object.hasOwn(expected, key));
  if (ordered && both.join() !== order.join()) diff.push(`${path}: members in the order ${order}, expected ${both}`);
}

/** Predicates for expected values. */
export const matching = {
  any: () => true,
  text: (value) => typeof value === 'string' || 'a text',
  bool: (value) => typeof value === 'boolean' || 'true or false',
  oneOf: (...values) => (value) => values.includes(value) || `one of ${show(values)}`,
  /** An object that has at least these members. */
  has: (members) => (value) => {
    if (!isObject(value)) return `an object with ${show(members)}`;
    const diff = [];
    for (const [key, expected] of Object.entries(members)) compare(diff, `.${key}`, expected, value[key]);
    return diff.length === 0 || diff.join('; ');
  },
};

/* The app is told the time that is left, which no record has. */
function withoutOptions(body, diff, path) {
  if (!isObject(body) || !isObject(body.options)) return body;
  const { timeout, ...rest } = body.options;
  if (timeout !== undefined && !(Number.isInteger(timeout) && timeout > 0)) {
    diff.push(`${path}.options.timeout: got ${show(timeout)}`);
  }
  return { ...body, options: rest };
}

function parse(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/* What the app echoed has the options in it as well, perhaps as a text inside. */
function withoutEchoedOptions(value, diff, path) {
  if (Array.isArray(value)) return value.map((item) => withoutEchoedOptions(item, diff, path));
  if (typeof value === 'string' && value.startsWith('{"action":')) {
    const inner = parse(value);
    return inner ? JSON.stringify(withoutOptions(inner.value, diff, path)) : value;
  }
  if (!isObject(value)) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutEchoedOptions(item, diff, path)]));
  return Object.hasOwn(copy, 'action') ? withoutOptions(copy, diff, path) : copy;
}

/* Errors never show a stack, unless the record is compared with its own origin. */
function withoutStack(value) {
  if (!isObject(value) || !Object.hasOwn(value, 'stack')) return value;
  const { stack, ...rest } = value;
  return rest;
}

function errorBody(value) {
  if (!isObject(value)) return value;
  if (!isObject(value.error)) return withoutStack(value);
  return { ...value, error: withoutStack(value.error) };
}

const mayAddRetryable = (expected, actual) => {
  if (!isObject(expected?.error) || !isObject(actual?.error)) return actual;
  if (Object.hasOwn(expected.error, 'retryable') || typeof actual.error.retryable !== 'boolean') return actual;
  const { retryable, ...error } = actual.error;
  return { ...actual, error };
};

/* Lists of the registry are compared without regard to the order in which entries arrived. */
function listing(items, sidecarItems) {
  const mine = (item) => [item.name, item.fullName, item.group].some((name) => /^\$sidecar\b/.test(name ?? ''));
  const key = (item) => show([item.fullName ?? item.name, item.group ?? '', item.nodeID ?? '']);
  return items
    .filter((item) => sidecarItems || !mine(item))
    .map((item) => {
      const entry = { ...item };
      if (mine(item)) delete entry.settings;
      if (entry.nodes) entry.nodes = [...entry.nodes].sort();
      if (entry.nodes?.length > 1) entry.local = true;
      if (entry.endpoints) entry.endpoints = [...entry.endpoints].sort((a, b) => (a.nodeID < b.nodeID ? -1 : 1));
      return entry;
    })
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const isListing = (id) => /^(node|get)-/.test(id);

function prepared(id, value, isExpected) {
  const keepSidecar = againstOriginal || !isExpected;
  if (isListing(id) && Array.isArray(value)) return listing(value, keepSidecar);
  if (isListing(id) && Array.isArray(value?.response)) {
    return { ...value, response: listing(value.response, keepSidecar) };
  }
  return errorBody(value);
}

function compareBody(diff, id, expected, actual) {
  const long = LONG_BODY.exec(expected);
  if (long) {
    if (actual?.length !== Number(long[1]) || hash('sha1', actual) !== long[2]) diff.push(`body: got ${show(actual)}`);
    return;
  }
  const want = parse(expected);
  const got = parse(actual);
  if (!want || !got) {
    if (expected !== actual) diff.push(`body: expected ${show(expected)}, got ${show(actual)}`);
    return;
  }
  if (want.value?.type === 'entity.parse.failed' && typeof got.value?.message === 'string') {
    want.value.message = got.value.message;
  }
  const wanted = withoutEchoedOptions(prepared(id, want.value, true), diff, 'body');
  const answered = withoutEchoedOptions(prepared(id, got.value, false), diff, 'body');
  compare(diff, 'body', wanted, mayAddRetryable(wanted, answered), true);
}

const framing = new Set(['date', 'content-length', 'transfer-encoding']);
/* What only the sidecar says, see `everywhere` in excused.mjs. */
const added = new Set(['x-retry-attempts', 'x-repeat-safe']);

/** Headers as `name: value` without those that only frame the message. */
function headerLines(headers) {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => !framing.has(name) && !added.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function compareHeaders(diff, expected, actual) {
  const got = new Map(headerLines(actual));
  for (const [name, value] of headerLines(expected)) {
    if (!got.has(name)) {
      if (typeof value !== 'function') diff.push(`header ${name}: missing`);
    } else {
      compare(diff, `header ${name}`, value, got.get(name));
    }
    got.delete(name);
  }
  for (const [name, value] of got) diff.push(`header ${name}: not expected, got ${show(value)}`);
}

/* Of a request that never gets its answer only the way it fails is compared. */
function compareFault(diff, expected, actual) {
  const kind = (text) => text?.replace(/within \d+ ms/, 'in time');
  if (kind(expected.error) !== kind(actual.error)) {
    diff.push(`error: expected ${show(expected.error)}, got ${show(actual.error)}`);
  }
  if (!!expected.incomplete !== !!actual.incomplete) diff.push('incomplete: differs');
}

/** expected: the recorded response, or one of excused.mjs with `json` (value or predicate) or `text` for `body`. */
export function compareResponse(diff, id, expected, actual) {
  compareFault(diff, expected, actual);
  compare(diff, 'status', expected.status, actual.status);
  if (expected.reason !== undefined) compare(diff, 'reason', expected.reason, actual.reason);
  compareHeaders(diff, expected.headers ?? [], actual.headers);
  const shown = parse(actual.body)?.value;
  if (!againstOriginal && [shown, shown?.error].some((value) => isObject(value) && Object.hasOwn(value, 'stack'))) {
    diff.push('body: has a stack');
  }
  if (expected.text !== undefined) {
    compare(diff, 'body', expected.text, actual.body);
  } else if (expected.json !== undefined) {
    compare(diff, 'body', expected.json, errorBody(parse(actual.body)?.value ?? actual.body));
  } else if (expected.incomplete || expected.extra_bytes) {
    compare(diff, 'body', expected.body, actual.body);
  } else if (expected.body !== null || actual.body !== null) {
    compareBody(diff, id, expected.body, actual.body);
  }
  if (expected.connection) compare(diff, 'connection', expected.connection, actual.connection);
  compare(diff, 'interim', expected.interim ?? [], actual.interim ?? []);
  if (!againstOriginal && actual.status && !['length', 'none'].includes(actual.framing)) {
    diff.push(`framing: expected Content-Length, got ${actual.framing}`);
  }
  if (expected.extra_bytes) compare(diff, 'extra bytes', expected.extra_bytes, actual.extra_bytes);
}

const ownHeaders = new Set(['connection', 'content-length', 'x-request-id', 'x-context-id', 'x-timeout-ms', 'x-retry-attempt']);

function outboundHeaders(headers) {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value])
    .filter(([name]) => !ownHeaders.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function compareOutboundRequest(diff, path, expected, actual) {
  for (const key of ['method', 'url', 'httpVersion']) compare(diff, `${path}.${key}`, expected[key], actual[key]);
  const want = outboundHeaders(expected.headers);
  const got = outboundHeaders(actual.headers);
  const agent = want.find(([name]) => name === 'user-agent');
  if (agent && !againstOriginal) agent[1] = (value) => /^moleculer-sidecar\/\d/.test(value) || 'moleculer-sidecar/N';
  compare(diff, `${path}.headers`, Object.fromEntries(want), Object.fromEntries(got));
  const length = actual.headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
  if (length === undefined ? actual.length : Number(length) !== actual.length) {
    diff.push(`${path}: Content-Length ${length}, body has ${actual.length}`);
  }
  const [wanted, sent] = [parse(expected.body), parse(actual.body)];
  if (!wanted || !sent) {
    compare(diff, `${path}.body`, expected.body ?? '', actual.body);
    return;
  }
  const [bodyWanted, bodySent] = [wanted, sent].map(({ value }) => withoutOptions(value, diff, path));
  compare(diff, `${path}.body`, bodyWanted, bodySent, true);
}

/** Requests the app got. Those of one event to several handlers may overtake each other. */
export function compareOutbound(diff, expected, actual, { anyOrder = false } = {}) {
  const sorted = (list) => (anyOrder ? [...list].sort((a, b) => (a.url < b.url ? -1 : 1)) : list);
  const brief = (list) => list.map(({ method, url, body }) => `${method} ${url} ${body}`.slice(0, 160));
  if (expected.length !== actual.length) {
    diff.push(`outbound: expected ${expected.length} requests, got ${actual.length}: ${show(brief(actual))}`);
    return;
  }
  const got = sorted(actual);
  sorted(expected).forEach((item, i) => compareOutboundRequest(diff, `outbound[${i}]`, item, got[i]));
}

export function compareCallerSaw(diff, expected, actual) {
  const echoed = (value) => withoutEchoedOptions(value, diff, 'caller_saw');
  compare(diff, 'caller_saw', echoed(expected), echoed(actual));
}
