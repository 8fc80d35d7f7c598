// SPDX-License-Identifier: MIT
// docs/services.md: its examples do what it says, and it leaves out nothing that the sources know.
import assert from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../support-js/process.mjs';
import { Stage } from '../interop/stage.mjs';
import { ExampleApp } from './example-app.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const page = text('docs/services.md');
const HOST = 'http://localhost:5000';

/* --- reading the page --- */

/* Requests with what is to come of them. A line that begins with a blank belongs to the one before. */
function readTries(body) {
  const tries = [];
  for (const line of body.trimEnd().replace(/\n\s+/g, ' ').split('\n')) {
    const last = tries.at(-1);
    const [, method, target, json] = /^(GET|POST|DELETE) (\S+)(?: (.*))?$/.exec(line) ?? [];
    const [, eventually, status, wanted] = /^(eventually )?(\d{3})(?: (.*))?$/.exec(line) ?? [];
    const [, name, value] = /^([A-Z][\w-]*): (.*)$/.exec(line) ?? [];
    if (method) tries.push({ method, target, json, line, headers: {}, expected: null });
    else if (status && last && !last.expected) {
      last.expected = { eventually: Boolean(eventually), status: Number(status), json: wanted, headers: {} };
    } else if (name && last) (last.expected ?? last).headers[name.toLowerCase()] = value;
    else throw new Error(`no line of a try: ${line}`);
  }
  for (const { line, expected } of tries) assert.ok(expected, `nothing is expected of ${line}`);
  return tries;
}

/* The examples, each with the headings it stands under. */
function readExamples() {
  const headings = [];
  const examples = [];
  const pattern = /^(#+) (.*)$|^```(\w*)\n([^]*?)^```\n(?:\n?```try\n([^]*?)^```$)?/gm;
  for (const [, level, title, kind, body, tries] of page.matchAll(pattern)) {
    if (level) headings.splice(level.length - 1, 9, title);
    assert.ok(kind !== 'try', `a try without a schema: ${body}`);
    if (kind === 'json' && tries) {
      examples.push({ section: headings.slice(1).filter(Boolean).join(', '), schema: body, tries: readTries(tries) });
    }
  }
  return examples;
}

/* --- comparing --- */

/* What of wanted is not in found, as a path; null stands for nothing, "…" for anything but that. */
function lacks(found, wanted, at = '$') {
  if (wanted === null) return (found ?? null) === null ? null : at;
  if (wanted === '…') return (found ?? null) === null ? at : null;
  if (typeof wanted !== 'object') return Object.is(found, wanted) ? null : at;
  if (typeof found !== 'object' || found === null || Array.isArray(found) !== Array.isArray(wanted)) return at;
  if (Array.isArray(wanted) && wanted.length !== found.length) return `${at}.length`;
  for (const [key, value] of Object.entries(wanted)) {
    const lost = lacks(found[key], value, `${at}.${key}`);
    if (lost) return lost;
  }
  return null;
}

const parsed = (json) => (json ? JSON.parse(json) : undefined);

/* --- the examples --- */

describe('docs/services.md', () => {
  const stage = new Stage();
  const examples = readExamples();
  let app;
  let sidecar;

  const here = (json) => json?.replaceAll(HOST, app.url);

  /* What came of a request, or why that is not what the page says. */
  async function attempt({ method, target, json, headers, expected }) {
    const answer = await sidecar.request(method, target, parsed(here(json)), 5000, headers);
    const shown = `${answer.status} ${answer.body} ${JSON.stringify(answer.headers)}`;
    if (answer.status !== expected.status) return `the status is another: ${shown}`;
    for (const [name, value] of Object.entries(expected.headers)) {
      const found = answer.headers.find(([key]) => key.toLowerCase() === name)?.[1];
      if (lacks(found, value)) return `${name} is not ${value}: ${shown}`;
    }
    if (!expected.json) return null;
    const lost = lacks(JSON.parse(answer.body), parsed(here(expected.json)));
    return lost && `${lost} is another: ${shown}`;
  }

  async function run(example) {
    await app.reset();
    await sidecar.register(JSON.parse(here(example.schema)));
    for (const one of example.tries) {
      let fault;
      const holds = async () => !(fault = await attempt(one));
      if (one.expected.eventually) await waitFor(holds, 8000);
      else await holds();
      assert.ok(!fault, `${one.line}: ${fault}`);
    }
  }

  async function removeAll() {
    const { body: services } = await sidecar.json('GET', '/v1/registry/services?onlyLocal=true&skipInternal=true');
    const { body: { waiting = [] } } = await sidecar.json('GET', '/ready');
    for (const name of [...services.map(({ fullName }) => fullName), ...waiting]) await sidecar.unregister(name);
  }

  before(async () => {
    await stage.nats();
    app = new ExampleApp(await stage.app());
    const settings = [...page.split('\n## ')[0].matchAll(/`([A-Z_]+)=(\S+)`/g)].map(([, name, value]) => [name, value]);
    assert.ok(settings.length > 0);
    sidecar = await stage.sidecar(Object.fromEntries(settings));
  });
  after(() => stage.stop());

  const seen = new Map();
  for (const example of examples) {
    const n = (seen.get(example.section) ?? 0) + 1;
    seen.set(example.section, n);
    it(n > 1 ? `${example.section} (${n})` : example.section, async () => {
      try {
        await run(example);
      } finally {
        await removeAll();
      }
    });
  }

  it('names the paths of its app', () => {
    const table = page.split('\n## ')[0];
    assert.deepStrictEqual(app.paths.filter((name) => !table.includes(`\`${name}\``)), []);
  });
});

/* --- completeness --- */

/* Words of the sources that stand in no schema: of requests, packets, errors and dates. */
const ELSEWHERE = new Set(['POST', 'nodeID', 'options', 'response', 'hook', 'stringEmpty', 'remoteHandler', 'service', '0', '1', 'null', 'fullName', 'rawName', 'reason', 'code', 'data', 'message', 'object', '$$', 'actual',
  'expected', 'toString', 'required', 'T', 'GMT', 'nrtbfv', 'dgimsuvy', 'SunMonTueWedThuFriSat',
  'JanFebMarAprMayJunJulAugSepOctNovDec', 'true', 'false', 'on', 'off']);
/* Options of the validator itself, and a fault that is of no rule. */
const OF_VALIDATOR = new Set(['aliases', 'defaults', 'haltOnFirstError', 'considerNullAsAValue', 'customRules',
  'customFunctions', 'plugins', 'limit']);

const words = (files, pattern) => new Set(files.flatMap((file) => [...text(file).matchAll(pattern)].map(([, name]) => name)));
const filesOf = (folder, pattern) => fs.readdirSync(path.join(root, folder)).filter((file) => pattern.test(file))
  .map((file) => `${folder}/${file}`);
/* Words in code of the text, and in the examples. */
const codeOf = (prose) => new Set([...prose.matchAll(/`([^`]+)`/g)]
  .flatMap(([, code]) => code.match(/\$*[\w-]+(?:\.[\w-]+)*/g) ?? []));
const described = codeOf(page.replace(/^```.*?^```$/gms, ''));
const shown = new Set(readExamples().flatMap(({ schema, tries }) =>
  `${schema} ${tries.map(({ json, expected }) => `${json} ${expected.json}`)}`.match(/\$*\w+/g)));
const isDescribed = (name) => described.has(name) && shown.has(name);

describe('docs/services.md is complete', () => {
  it('describes each member of a schema', () => {
    const names = words([...filesOf('src/external', /\.c$/), 'src/cacher/cacher_rule.c'], /"(\$?[a-z]\w*)"/g);
    const looked = words([...filesOf('src/registry', /^registry_(action|event)\.c$/),
      ...filesOf('src/middleware', /^(policy|middleware_\w+)\.c$/)],
    /(?:policy|definition|check|_NAME\] =|_GROUP\] =|_STRATEGY\] =|_VISIBILITY\] =)(?:, | \{)BYTES\("([$\w]+)"\)/g);
    assert.ok(names.size > 60 && looked.size > 20);
    assert.deepStrictEqual([...names, ...looked].filter((name) => !ELSEWHERE.has(name) && !isDescribed(name)), []);
  });

  it('describes each rule and its options', () => {
    const types = words(['src/validation/rule_table.c'], /\{"(\w+)", rule_compile/g);
    const faults = words(['src/validation/rule_message.def'], /"(\w+)"/g);
    const names = words(filesOf('src/validation', /^(rule|rule_(?!message)\w+)\.c$/), /"([$\w]+)"/g);
    assert.ok(types.size > 20 && names.size > 80);
    const isOwn = (name) => ELSEWHERE.has(name) || OF_VALIDATOR.has(name) || (faults.has(name) && !types.has(name));
    assert.deepStrictEqual([...names].filter((name) => !isDescribed(name) && !isOwn(name)), []);
  });

  it('describes each internal event', () => {
    const names = words([...filesOf('src/broker', /\.c$/), ...filesOf('src/middleware', /\.c$/)],
      /BYTES\("(\$[\w-]+\.[\w-]+)"\)/g);
    assert.ok(names.size > 10);
    assert.deepStrictEqual([...names].filter((name) => !described.has(name)), []);
  });

  it('shows each section with a schema at work', () => {
    const sections = page.split(/^##+ /m).slice(1);
    const schemas = sections.filter((body) => /^```json\n\{\n? *"name"/m.test(body));
    assert.ok(schemas.length > 8);
    assert.deepStrictEqual(schemas.filter((body) => !body.includes('```try\n')).map((body) => body.split('\n')[0]), []);
  });

  it('gives no list of members twice in one table', () => {
    for (const table of page.split(/\n\n/).filter((block) => block.startsWith('| '))) {
      const cells = table.split('\n').slice(2).map((row) => row.split(' | ')[0]);
      assert.deepStrictEqual(cells, [...new Set(cells)]);
    }
  });
});
