// SPDX-License-Identifier: MIT
// Values at the borders of JavaScript's types. Infinite numbers and -0 are written as JSON can: 1e400, -0.

export const numbers = [
  0, -0, 1, -1, 2, 3, 4, 5, 7, 10, 1.5, -1.5, 0.1, 0.30000000000000004, 1e21, 1e-7, 123456789012345680000, 2 ** 31,
  2 ** 53, -(2 ** 53), 5e-324, 1.7976931348623157e308, Infinity, -Infinity, 1577836800000, 8.64e15, 8.64e15 + 2,
];

export const texts = [
  '', ' ', 'a', 'b', 'ab', 'abc', 'ABC', 'abcd', 'abcdef', 'a1', 'a_b-c', 'a b', '0', '1', '-1', '5', '05', '1.5', '1.', '.5',
  '-0', '+5', '1e3', '0x1f', '0b11', '0o17', ' 5 ', '1_000', 'Infinity', '-Infinity', 'NaN', 'true', 'false', 'on', 'off', 'TRUE',
  'null', 'undefined', '[object Object]', 'deadBEEF', 'abcg', 'YWJj', 'YQ==', 'YWI=', 'YW=', 'Y\\/=', 'a\nb', 'a\r', '\u2028',
  '\u00a0a\ufeff', '\u180ea', '\u200b', '\t\v\f', 'é', 'e\u0301', 'ß', 'ŉ', 'İ', 'ΑΣ', 'Σ', 'ǆ', 'ﬁ', '😀', 'a😀b', '👩‍👩‍👧', '𐐨', '\u0000',
  '$&', '$$', "$'", '$`', '{field}', '{actual}', '"', "'", '\\', '</a>',
];

export const emails = [
  'a@b.cc', 'A@B.CC', ' a@b.cc ', 'a@b', '@b.cc', 'a b@c.dd', 'a@b.c', 'a@[1.2.3.4]', '"x y"@b.cc', 'a..b@c.dd', 'é@é.éé', 'a@b@c.dd',
  'a@-b.cc', 'a@b.cc\n', '\u00a0a@b.cc',
];
export const urls = [
  'http://a', 'https://a.bb/c?d=e#f', 'HTTP://a', 'ftp://a', 'http:// a', 'http://', ' http://a', 'x\nhttp://a', 'http:/a', 'http://\u00a0',
];
export const uuids = [
  '00000000-0000-0000-0000-000000000000', '10ba038e-48da-187b-96e8-8d3b99b6d18a', '10ba038e-48da-287b-96e8-8d3b99b6d18a',
  '10ba038e-48da-387b-16e8-8d3b99b6d18a', '10BA038E-48DA-487B-A6E8-8D3B99B6D18A', '10ba038e-48da-587b-f6e8-8d3b99b6d18a',
  '10ba038e-48da-687b-06e8-8d3b99b6d18a', '10ba038e-48da-787b-86e8-8d3b99b6d18a', '10ba038e-48da-887b-c6e8-8d3b99b6d18a',
  '10ba038e-48da-987b-96e8-8d3b99b6d18a', '10ba038e-48da-087b-96e8-8d3b99b6d18a', '10ba038e48da487b96e88d3b99b6d18a',
  '{10ba038e-48da-487b-96e8-8d3b99b6d18a}', '10ba038e-48da-487b-96e8-8d3b99b6d18a\n',
];
export const macs = [
  '01:c8:95:4b:65:fe', '01-C8-95-4B-65-FE', '01c8.954b.65fe', '01:c8-95:4b:65:fe', '011:c8:95:4b:65:fe', '01c8.954b.65fea', '1:c8:95:4b:65:fe',
  '01C8.954B12.65FE', 'g1:c8:95:4b:65:fe',
];
export const cards = ['4539 3195 0343 6467', '4539-3195-0343-6476', '0', '00', '18', '79927398713', 'abc', '٣', '7992739871३3'];
export const amounts = [
  '0', '1', '$1', '1$', '-$1', '$-1', '12.25', '12.255', '1,000', '1000', '1,00', '1.000,25', '€5', '$', '-', '.5', '0.5', '00', '1,000,000.01',
  '12,25', '+1', '1 000',
];
export const dates = [
  0, 1577836800000, 1.9, -1.9, 8.64e15, 8.64e15 + 2, true, '2020', '2020-02-30', '2020-13-01', '2020-01', '2020-01-01T00:00', '2020-01-01T24:00:00',
  '2020-01-01T24:00:01', '2020-01-01T12:34:56.7891Z', '2020-01-01T12:34:56+02:30', '+002020-01-01', '-000001-01-01', '-000000-01-01',
  'Wed, 01 Jan 2020 00:00:00 GMT', 'Wed Jan 01 2020 00:00:00 GMT+0100', '1577836800000', '', ' ', 'no date', '1e3', '0x10', '2020-1-1T',
];
export const objectIds = ['5f082780b00cc7401fb8e8fc', '5f082780b00cc7401fb8e8f', '5f082780b00cc7401fb8e8fg', 12];

/* Keys that the original neither pastes into a closed text nor finds on Object.prototype. */
export const keys = [
  'a', 'b', 'c', 'id', 'name', 'list', '1', '0', '10', '01', '-1', '$x', '_y', 'a-b', 'a b', 'a.b', 'é', "it's", 'x[0]', '', 'type', 'length', 'c1',
];

export const scalars = (random) => random.pick([
  () => null, () => random.chance(0.5), () => random.pick(numbers), () => random.pick(texts), () => random.pick(texts),
])();

export function anything(random, depth = 2) {
  if (depth === 0 || random.chance(0.6)) return scalars(random);
  if (random.chance(0.5)) return Array.from({ length: random.below(4) }, () => anything(random, depth - 1));
  return Object.fromEntries(random.some(keys, 3).map((key) => [key, anything(random, depth - 1)]));
}

/* JSON.stringify that keeps what JSON text can say and JavaScript's own printing loses. */
export function toText(v) {
  if (v === Infinity) return '1e400';
  if (v === -Infinity) return '-1e400';
  if (Object.is(v, -0)) return '-0';
  if (Array.isArray(v)) return `[${v.map(toText).join(',')}]`;
  if (v !== null && typeof v === 'object') {
    return `{${Object.entries(v).map(([key, member]) => `${JSON.stringify(key)}:${toText(member)}`).join(',')}}`;
  }
  return JSON.stringify(v ?? null);
}
