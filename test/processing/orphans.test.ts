import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { built } from '../support/built.js';
import { runProgram, until } from '../support/program.js';
import { isAlive, startRedis, type TestRedis } from '../support/redis.js';
import { withBench } from './Bench.js';
import { readStarts } from './processors/misbehave.js';

const END_MS = 2000;
const AGAIN_MS = 5000;

/** What a busy machine needs more than is promised: four children take seconds to start from sources there. */
const SLACK_MS = 6000;

describe('a worker that was killed', () => {
  let redis: TestRedis;
  let folder: string;
  beforeAll(async () => {
    redis = await startRedis();
    folder = mkdtempSync(join(tmpdir(), 'analytics-orphan-'));
  });
  afterAll(async () => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('leaves no child behind for more than 2 s, idle or at work, in a loop, blocked or stopped; its jobs run again within 5 s', async () => {
    const file = join(folder, 'starts');
    const parent = runProgram([built('test/processing/programs/parent.ts'), redis.url, file], { NODE_ENV: 'test' });
    let children: number[] = [];
    try {
      const output = await parent.waitFor(/children [\d ]+\n/, 28_000);
      children = (/children ([\d ]+)\n/.exec(output)?.[1] ?? '').split(' ').map(Number);
      expect(children).toHaveLength(5);
      process.kill(children.at(-2)!, 'SIGSTOP');
      await withBench(redis, { prefix: 'parent:', concurrency: 4 }, async (bench) => {
        await bench.worker.waitUntilReady();
        const killedAt = performance.now();
        parent.child.kill('SIGKILL');
        expect(await until(() => !children.some(isAlive), END_MS)).toBe(true);
        expect(await until(() => readStarts(file).length === 5 + 4, AGAIN_MS + SLACK_MS - (performance.now() - killedAt))).toBe(true);
        await bench.until(async () => (await bench.queue.getJobCountByTypes('active', 'delayed', 'failed', 'wait', 'prioritized')) === 0);
      });
    } finally {
      parent.child.kill('SIGKILL');
      for (const pid of children) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  }, 40_000);
});
