// SPDX-License-Identifier: MIT
// Replays the recorded REST behaviour of the original against the sidecar, one test a case.
//   SIDECAR_BIN      the daemon, build/moleculer-sidecar by default
//   GOLDEN_ONLY      ids to play, comma separated, * as wildcard; cases they build on run unjudged
//   GOLDEN_JOBS      parts that run beside each other
//   GOLDEN_ORIGINAL  1: the daemon is the Node.js original, nothing is excused
import { after, describe, it } from 'node:test';
import { loadCases } from './cases.mjs';
import { excuse } from './excused.mjs';
import { parts } from './fixtures.mjs';
import { Replay } from './replay.mjs';
import { againstOriginal } from './world.mjs';

const only = (process.env.GOLDEN_ONLY ?? '*').split(',')
  .map((glob) => new RegExp(`^${glob.trim().replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
const selected = ({ id }) => only.some((pattern) => pattern.test(id));

function fail(diff) {
  const err = new Error(`differs from the record:\n  ${diff.join('\n  ')}`);
  err.stack = err.message;
  return err;
}

/* Plays cases in order; one that is not selected is played when a later one is wanted. */
class Player {
  constructor(part, cases) {
    this.replay = new Replay(part);
    this.waiting = [...cases];
    this.state = 'new';
    this.silent = 0;
  }

  /* The first case of a part tells why it did not start, the others only that it did not. A sidecar that has
   * become silent is not asked for ever. */
  async start() {
    if (this.state === 'failed') throw fail(['not played: the sidecar did not start or does not answer']);
    if (this.state === 'started') return;
    this.state = 'failed';
    await this.replay.start();
    this.state = 'started';
  }

  async judge(wanted) {
    await this.start();
    for (;;) {
      const next = this.waiting.shift();
      const diff = await this.replay.play(next).catch((err) => [err.stack]);
      this.silent = diff.some((line) => line.includes('no complete response')) ? this.silent + 1 : 0;
      if (this.silent > 4) this.state = 'failed';
      if (next !== wanted) continue;
      if (diff.length) throw fail(diff);
      return;
    }
  }
}

const cases = loadCases().map((item) => (againstOriginal ? item : excuse(item)));

describe('recorded REST behaviour', { concurrency: Number(process.env.GOLDEN_JOBS ?? 4) }, () => {
  for (const part of parts) {
    const own = cases.filter(({ id }) => part.ids.test(id));
    if (!own.some(selected)) continue;
    describe(part.name, { concurrency: 1 }, () => {
      const player = new Player(part, own);
      after(() => player.replay.stop());
      for (const item of own.filter(selected)) {
        it(`${item.id} ${item.title}`, { todo: item.later }, () => player.judge(item));
      }
    });
  }
});
