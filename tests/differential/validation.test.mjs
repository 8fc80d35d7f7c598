// SPDX-License-Identifier: MIT
// The same random cases each time; other seeds and numbers by hand with validation.mjs.
import assert from 'node:assert';
import { test } from 'node:test';
import { play, report } from './validation.mjs';

test('params are checked as the original checks them', async () => {
  const seed = 20240229;
  const { failures, tally } = await play({ seed, to: 2400, most: 3 });
  assert.deepStrictEqual(failures.map((failure) => report(seed, failure)), []);
  assert.ok(tally.valid > 500 && tally.invalid > 1200 && tally.refused > 30, JSON.stringify(tally));
});
