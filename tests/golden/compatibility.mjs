// SPDX-License-Identifier: MIT
// Writes docs/compatibility.md from excused.mjs: node tests/golden/compatibility.mjs
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beside, everywhere, excused, later } from './excused.mjs';

const here = fileURLToPath(import.meta.url);
export const document = path.resolve(path.dirname(here), '../../docs/compatibility.md');

const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)];

/* Ids as the recording counts them, runs put together: call-010..012. */
export function idList(ids) {
  const runs = [];
  for (const id of [...ids].sort()) {
    const [, group, number] = /^(.*)-(\d+)$/.exec(id);
    const last = runs.at(-1);
    if (last?.group === group && last.to === Number(number) - 1) last.to++;
    else runs.push({ group, from: Number(number), to: Number(number) });
  }
  const three = (n) => String(n).padStart(3, '0');
  return runs.map(({ group, from, to }) => `${group}-${three(from)}${to > from ? `..${three(to)}` : ''}`).join(', ');
}

export function page() {
  return [
    '# Compatibility',
    '',
    'The sidecar is a replacement for the Node.js original: same endpoints, bodies, configuration and environment',
    'variables. 844 requests and answers of the original were recorded (`tests/vectors/http-golden.jsonl`) and are',
    'replayed against the sidecar (`tests/golden/`). This page lists every difference; whatever is not listed here',
    'is as recorded. It is written by `tests/golden/compatibility.mjs`, a test keeps the two together.',
    '',
    '## Everywhere',
    '',
    ...table(['The original', 'The sidecar'], everywhere),
    '',
    '## Some cases',
    '',
    'The ids are those of the recorded cases.',
    '',
    ...table(['The original', 'The sidecar', 'Why', 'Cases'],
      excused.map(({ original, ours, why, cases }) => [original, ours, why, idList(Object.keys(cases))])),
    '',
    '## Beside services in JavaScript',
    '',
    'Scenarios that a Moleculer.js node and a sidecar with an app both run (`tests/interop/parity-*`) differ in these:',
    '',
    ...table(['A service in JavaScript', 'An app behind the sidecar', 'Why'], beside),
    '',
    '## Not there yet',
    '',
    ...table(['What', 'Cases'], later.map(({ what, ids }) => [what, idList(ids)])),
    '',
  ].join('\n');
}

if (process.argv[1] === here) {
  fs.mkdirSync(path.dirname(document), { recursive: true });
  fs.writeFileSync(document, page());
}
