// SPDX-License-Identifier: MIT
// What the documents say is so: commands run, JSON parses, links lead somewhere, options exist.
import assert from 'node:assert';
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'node:test';
import { Stage, until } from '../interop/stage.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
const text = (page) => fs.readFileSync(path.join(root, page), 'utf8');
const blocks = (page, kind) => [...text(page).matchAll(/^```(\w*)\n(.*?)^```/gms)]
  .filter(([, of]) => of === kind).map(([, , body]) => body);
const anchors = (page) => new Set([...text(page).replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)]
  .map(([, title]) => title.toLowerCase().replace(/[^\w\s-]/g, '').replace(/\s/g, '-')));
const help = execFileSync(path.resolve(root, process.env.SIDECAR_BIN ?? 'build/moleculer-sidecar'), ['--help'],
  { encoding: 'utf8' });

describe('documents', () => {
  for (const page of pages) {
    it(`${page}: links to files lead to files`, () => {
      const links = [...text(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to]) => to)
        .filter((to) => !/^[a-z]+:/.test(to));
      const lost = links.filter((to) => !fs.existsSync(path.resolve(root, path.dirname(page), to)));
      assert.deepStrictEqual(lost, []);
    });

    it(`${page}: links to headings lead to headings`, () => {
      const links = [...text(page).matchAll(/\]\(([^)#\s]*\.md)?#([^)\s]+)\)/g)];
      const lost = links.filter(([, to, anchor]) =>
        !anchors(to ? path.join(path.dirname(page), to) : page).has(anchor)).map(([link]) => link);
      assert.deepStrictEqual(lost, []);
    });

    it(`${page}: what it names in scripts/, tools/ and examples/ is there`, () => {
      const names = [...text(page).matchAll(/(?<![\w/.-])(?:\.\/)?((?:scripts|tools|examples)\/[\w./-]*\w)/g)];
      const lost = names.map(([, name]) => name).filter((name) => !fs.existsSync(path.join(root, name)));
      assert.deepStrictEqual([...new Set(lost)], []);
    });

    it(`${page}: JSON is JSON`, () => {
      for (const body of blocks(page, 'json')) assert.doesNotThrow(() => JSON.parse(body), body);
    });
  }

  it('README.md names only settings that --help knows', () => {
    const table = text('README.md').split('## Settings')[1].split('\n## ')[0];
    const names = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([A-Z_]+)`/g)]);
    assert.ok(names.length > 10);
    const unknown = names.map(([, name]) => name).filter((name) => !help.includes(` ${name} `));
    assert.deepStrictEqual(unknown, []);
  });

  it('the man page names only settings that --help knows', () => {
    const names = [...text('docs/man/moleculer-sidecar.8').matchAll(/^\.It Ev (\S+)/gm)].map(([, name]) => name);
    assert.ok(names.length > 5);
    assert.deepStrictEqual(names.filter((name) => !help.includes(` ${name} `)), []);
  });
});

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const answers = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.end(() => resolve(true))).on('error', () => resolve(false));
});

describe('the commands of README.md', () => {
  const stage = new Stage();
  let app;
  let sidecar;

  before(async () => {
    await stage.nats();
    app = await stage.app();
    app.on('/hello', ({ body }) => ({ response: `Hello ${body.params.name}` }));
    sidecar = await stage.sidecar();
  });
  after(() => stage.stop());

  /* With that app behind the service. */
  async function run(url) {
    const commands = blocks('README.md', 'sh').filter((body) => body.startsWith('curl'));
    assert.ok(commands.length >= 2);
    const answers = [];
    for (const command of commands) {
      const here = command.replaceAll('127.0.0.1:5103', `127.0.0.1:${sidecar.port}`)
        .replaceAll('http://127.0.0.1:5000', url);
      const { stdout } = await promisify(execFile)('sh', ['-ec', here]);
      answers.push(JSON.parse(stdout));
    }
    assert.deepStrictEqual(answers, [{ status: 'OK' }, { response: 'Hello Ada', meta: {} }]);
    for (const answer of answers) assert.ok(text('README.md').includes(`\`${JSON.stringify(answer)}\``));
  }

  it('work with its server in Python', async () => {
    const [program] = blocks('README.md', 'python');
    const port = await freePort();
    assert.ok(program.includes(' 5000)'));
    const server = spawn('python3', ['-c', program.replace(' 5000)', ` ${port})`)], { stdio: 'ignore' });
    try {
      await until('the server', () => answers(port));
      await run(`http://127.0.0.1:${port}`);
    } finally {
      server.kill();
    }
  });

  it('register a service, call it and hear its events', async () => {
    await run(app.url);
    const [shown] = blocks('README.md', 'json');
    const { nodeID, ...body } = app.at('/hello')[0].body;
    assert.strictEqual(nodeID, 'sidecar');
    assert.deepStrictEqual(body, (({ nodeID: dots, ...rest }) => rest)(JSON.parse(shown)));
    await sidecar.request('POST', '/v1/emit/user.created', { params: 1 });
    await until('the event', () => app.at('/on-user-created').length === 1);
  });
});
