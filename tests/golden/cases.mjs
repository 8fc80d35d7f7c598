// SPDX-License-Identifier: MIT
// The recorded cases: which of their two records counts, and their requests as bytes.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const vectors = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../vectors/http-golden.jsonl');

const range = (prefix, from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}-${String(from + i).padStart(3, '0')}`);

/* Where the newer packages differ only because of their one second between a registration and its INFO packet,
 * or because of a fault of theirs, or in the settings of the $sidecar service: there the main record counts. */
const mainRecordCounts = new Set([
  'reg-012', ...range('out', 1, 12), ...range('out', 16, 18), ...range('out', 22, 39), 'out-041',
  ...range('out', 45, 47), 'env-008', ...range('env', 17, 23), 'env-025', 'env-028', 'event2-012', 'event2-013',
  'event2-014', ...range('node', 6, 18), ...range('get', 12, 20), 'get-022', 'get-034', 'get-036',
  'get-042', 'get-043',
]);

/** All cases in recording order, each with `expected`: the members of the record that counts. */
export function loadCases() {
  return fs.readFileSync(vectors, 'utf8').trim().split('\n').map((line) => {
    const { newest_packages: newest, ...record } = JSON.parse(line);
    const { id, group, title, request, ...members } = record;
    const expected = { ...members, ...(mainRecordCounts.has(id) ? {} : newest) };
    return { id, group, title, request, expected };
  });
}

/** Puts the ports of this run in place of the placeholders, in text or in all texts of a value. */
export function withPorts(value, ports) {
  if (typeof value === 'string') {
    return value
      .replaceAll('<EXT_PORT>', ports.app).replaceAll('25600', ports.app)
      .replaceAll('<SIDECAR_PORT>', ports.sidecar).replaceAll('25103', ports.sidecar)
      .replaceAll('<CLOSED_PORT>', ports.closed).replaceAll('<NATS_PORT>', ports.nats);
  }
  if (Array.isArray(value)) return value.map((item) => withPorts(item, ports));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPorts(item, ports)]));
}

const recordedPorts = { app: '25600', sidecar: '25103', closed: '25999', nats: '25222' };

/* Long bodies are recorded by their size and start. */
function longBody(id, size, start) {
  const [, head, filler] = /^(.*?)([x[])\2*$/.exec(start);
  const tail = head.endsWith('"') ? '"}}' : '}}';
  const room = size - head.length - tail.length;
  return head + (filler === '[' ? '['.repeat(room / 2) + ']'.repeat(room / 2) : filler.repeat(room)) + tail;
}

const LONG = /^<(\d+) bytes: (.*?)(?:\.\.\.|…)>$/s;

function bodyText(id, text) {
  const long = LONG.exec(text);
  return long ? longBody(id, Number(long[1]), long[2]) : text;
}

function bodyChunks(id, chunks) {
  const long = chunks.map((chunk) => LONG.exec(chunk));
  if (!long[0]) return chunks;
  const sizes = long.map((match) => Number(match[1]));
  const whole = longBody(id, sizes.reduce((a, b) => a + b), long[0][2]);
  return [whole.slice(0, sizes[0]), whole.slice(sizes[0])];
}

const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

function bodyBytes(id, body, ports) {
  if (body === null || body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(withPorts(bodyText(id, body), ports));
  if (body.base64) return Buffer.from(body.base64, 'base64');
  const chunks = bodyChunks(id, body.chunked).map((text) => chunk(withPorts(text, ports)));
  return Buffer.from([...chunks, '0\r\n\r\n'].join(''));
}

/** {head, body}: the bytes of an HTTP case. A recorded Content-Length keeps its relation to the body. */
export function requestBytes(id, request, ports) {
  const body = bodyBytes(id, request.body, ports);
  const recorded = bodyBytes(id, request.body, recordedPorts).length;
  const headers = (request.headers ?? []).map(([name, value]) => {
    if (name.toLowerCase() !== 'content-length') return `${name}: ${withPorts(value, ports)}\r\n`;
    return `${name}: ${Number(value) - recorded + body.length}\r\n`;
  });
  const line = `${request.method} ${withPorts(request.path, ports)} HTTP/1.1\r\n`;
  return { head: Buffer.from(`${line}${headers.join('')}\r\n`, 'latin1'), body };
}

/* Requests that the recording cut: what they were made of. */
const longRaw = {
  'http-012': () => `GET /nope HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: ${'x'.repeat(17000)}\r\n\r\n`,
  'http-013': () => `GET /nope HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: ${'x'.repeat(15000)}\r\n\r\n`,
  'http-014': () => `GET /${'x'.repeat(17000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
};

/** The bytes of a case that is recorded as raw text, one character a byte. */
export function rawBytes(id, request, ports) {
  return Buffer.from(longRaw[id]?.() ?? withPorts(request.raw, ports), 'latin1');
}
