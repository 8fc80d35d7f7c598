// SPDX-License-Identifier: MIT
// docs/compatibility.md says what excused.mjs allows, and excused.mjs speaks of recorded cases only.
import assert from 'node:assert';
import fs from 'node:fs';
import { test } from 'node:test';
import { loadCases } from './cases.mjs';
import { document, page } from './compatibility.mjs';
import { excused, later } from './excused.mjs';
import { parts } from './fixtures.mjs';

const known = new Set(loadCases().map(({ id }) => id));

test('docs/compatibility.md lists the excused cases', () => {
  assert.strictEqual(fs.readFileSync(document, 'utf8'), page(), 'run node tests/golden/compatibility.mjs');
});

test('only recorded cases are excused', () => {
  const ids = [...excused.flatMap(({ cases }) => Object.keys(cases)), ...later.flatMap(({ ids: list }) => list)];
  assert.deepStrictEqual(ids.filter((id) => !known.has(id)), []);
});

test('every recorded case is played in one part', () => {
  for (const id of known) assert.strictEqual(parts.filter(({ ids }) => ids.test(id)).length, 1, id);
});
