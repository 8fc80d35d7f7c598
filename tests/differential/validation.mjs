// SPDX-License-Identifier: MIT
// Random schemas and values: the npm package fastest-validator and src/validation must agree on result, errors (order,
// members, texts) and sanitised value.
//   node tests/differential/validation.mjs [--seed N] [--cases N] [--only CASE] [--verbose]
//   DIFFERENTIAL_BIN  build/tests/differential/differential_validation by default, or beside SIDECAR_BIN
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge } from './compare.mjs';
import { generate } from './generate.mjs';
import { original } from './original.mjs';
import { Random } from './random.mjs';
import { shrink } from './shrink.mjs';
import { toText } from './values.mjs';

const here = fileURLToPath(import.meta.url);
const build = process.env.SIDECAR_BIN ? path.dirname(process.env.SIDECAR_BIN) : path.resolve(here, '../../../build');
const program = process.env.DIFFERENTIAL_BIN ?? path.join(build, 'tests/differential/differential_validation');

/* The C program: one line in, one line out. */
class Ours {
  constructor() {
    this.process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TZ: 'UTC' } });
    this.process.stdout.setEncoding('utf8');
    this.chunks = this.process.stdout[Symbol.asyncIterator]();
    this.rest = '';
  }

  send(text) {
    this.process.stdin.write(`${text}\n`);
  }

  async receive() {
    let end = this.rest.indexOf('\n');
    while (end < 0) {
      const { value, done } = await this.chunks.next();
      if (done) throw new Error(`${program} ended`);
      this.rest += value;
      end = this.rest.indexOf('\n');
    }
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + 1);
    return JSON.parse(line);
  }

  stop() {
    this.process.stdin.end();
  }
}

const caseOf = (seed, number) => generate(new Random(seed * 1000003 + number));

/* Cases that are sent at once: waiting for each answer would take most of the time. */
const BATCH = 200;

async function differences(ours, items, tally) {
  const texts = items.map(toText);
  for (const text of texts) ours.send(text);
  const found = [];
  for (const [i, text] of texts.entries()) found.push(judge(items[i], await original(text), await ours.receive(), tally));
  return found;
}

const differs = async (ours, item) => (await differences(ours, [item], {}))[0];

async function* failing(ours, { seed, from, to }, tally) {
  for (let start = from; start < to; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, to - start) }, (_, i) => start + i);
    const items = numbers.map((number) => caseOf(seed, number));
    const found = await differences(ours, items, tally);
    for (const [i, difference] of found.entries()) if (difference) yield { number: numbers[i], item: items[i] };
  }
}

/* Plays the cases from..to; each failure is {number, item, difference}, made as small as simple cuts can. */
export async function play({ seed, from = 0, to, most = 10 }) {
  process.env.TZ = 'UTC';
  const ours = new Ours();
  const tally = {};
  const failures = [];
  try {
    for await (const { number, item } of failing(ours, { seed, from, to }, tally)) {
      const small = await shrink(item, async (smaller) => Boolean(await differs(ours, smaller)));
      failures.push({ number, item: small, difference: await differs(ours, small) });
      if (failures.length === most) break;
    }
  } finally {
    ours.stop();
  }
  return { failures, tally };
}

export const report = (seed, { number, item, difference }) =>
  `--seed ${seed} --only ${number}\n  ${toText(item)}\n  ${difference}`;

if (process.argv[1] === here) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' }, cases: { type: 'string', default: '20000' }, only: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  const from = values.only === undefined ? 0 : Number(values.only);
  const to = values.only === undefined ? Number(values.cases) : from + 1;
  const { failures, tally } = await play({ seed, from, to });
  for (const failure of failures) console.log(report(seed, failure));
  console.log(`seed ${seed}, ${to - from} cases: ${failures.length} differ; ${JSON.stringify(tally)}`);
  process.exitCode = failures.length ? 1 : 0;
}
