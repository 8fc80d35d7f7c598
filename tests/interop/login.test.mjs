// SPDX-License-Identifier: MIT
// NATS servers that ask who is there: user and password, token, TLS.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isReady, Stage, until } from './stage.mjs';

const status = async (sidecar, at) => (await sidecar.request('GET', at)).status;
const at = (stage, credentials = '', scheme = 'nats') => `${scheme}://${credentials}127.0.0.1:${stage.server.port}`;

async function staysOut(stage, env, reason) {
  const sidecar = await stage.sidecar(env, { ready: false });
  await until('the reason is logged', () => reason.test(sidecar.child.output));
  assert.strictEqual(await status(sidecar, '/ready'), 503);
  assert.strictEqual(await status(sidecar, '/health'), 200);
  assert.strictEqual(sidecar.alive, true);
  return sidecar;
}

describe('NATS with user and password', () => {
  const stage = new Stage();
  before(() => stage.nats(-1, ['--user', 'mole', '--pass', 'p%40ss']));
  after(() => stage.stop());

  it('lets in who has them in the URL', async () => {
    await isReady(await stage.sidecar({ TRANSPORTER: at(stage, 'mole:p%40ss@') }));
  });

  it('lets in who has them in the options', async () => {
    await isReady(await stage.sidecar({
      TRANSPORTER: at(stage), MOL_TRANSPORTER__OPTIONS__USER: 'mole', MOL_TRANSPORTER__OPTIONS__PASS: 'p%40ss',
    }));
  });

  it('a wrong password is told and tried again, and kept out of the log', async () => {
    const sidecar = await staysOut(stage, { TRANSPORTER: at(stage, 'mole:guesswork@') }, /authorization|credential/i);
    assert.doesNotMatch(sidecar.child.output, /guesswork/);
  });
});

describe('NATS with a token', () => {
  const stage = new Stage();
  before(() => stage.nats(-1, ['--auth', 's3cret']));
  after(() => stage.stop());

  it('lets in who has it', async () => {
    await isReady(await stage.sidecar({ TRANSPORTER: at(stage), MOL_TRANSPORTER__OPTIONS__TOKEN: 's3cret' }));
  });

  it('keeps out who has none', async () => {
    await staysOut(stage, { TRANSPORTER: at(stage) }, /authorization|credential/i);
  });
});

describe('NATS with TLS', () => {
  const stage = new Stage();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sidecar-tls-'));
  const file = (name) => path.join(dir, name);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });

  function authority(name) {
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }

  function certificate(name, alternatives) {
    fs.writeFileSync(file(`${name}.ext`), `subjectAltName=${alternatives}\n`);
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
      '-extfile', `${name}.ext`, '-out', `${name}.pem`);
  }

  before(async () => {
    authority('ca');
    authority('stranger');
    certificate('server', 'IP:127.0.0.1,DNS:localhost');
    certificate('client', 'DNS:client');
    await stage.nats(-1, ['--tls', '--tlscert', file('server.pem'), '--tlskey', file('server.key'),
      '--tlscacert', file('ca.pem'), '--tlsverify']);
  });
  after(async () => {
    await stage.stop();
    fs.rmSync(dir, { recursive: true });
  });

  const tls = (ca, client) => ({
    TRANSPORTER: at(stage), MOL_TRANSPORTER__OPTIONS__TLS__CA_FILE: file(`${ca}.pem`),
    ...(client && {
      MOL_TRANSPORTER__OPTIONS__TLS__CERT_FILE: file('client.pem'),
      MOL_TRANSPORTER__OPTIONS__TLS__KEY_FILE: file('client.key'),
    }),
  });

  it('is joined with the right certificates, and calls go through it', async () => {
    const sidecar = await stage.sidecar(tls('ca', true));
    const wire = await stage.wire({
      servers: at(stage), tls: { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client.key') },
    });
    wire.send('DISCOVER.sidecar', { ver: '5', sender: 'stranger' });
    await wire.packet('INFO', ({ type, target }) => type === 'INFO' && target === 'stranger');
    wire.send('REQ.sidecar', { ver: '5', sender: 'stranger', id: 'r', action: '$node.list' });
    const { packet } = await wire.packet('RES', ({ type }) => type === 'RES');
    assert.strictEqual(packet.success, true);
    assert.strictEqual(await status(sidecar, '/ready'), 200);
  });

  it('is refused when its certificate is of a stranger', async () => {
    await staysOut(stage, tls('stranger', true), /certificate/i);
  });

  it('refuses who shows no certificate', async () => {
    await staysOut(stage, tls('ca', false), /certificate|TLS|closed|alert/i);
  });
});
