import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { runProgram, until } from '../support/program.js';
import { isAlive, startRedis, type TestRedis } from '../support/redis.js';

const PROMISED_MS = 2000;

describe('the children of a worker that was killed', () => {
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

  it('end within 2 s, idle or at work, in a loop, blocked or stopped', async () => {
    const parent = runProgram(['--import', 'tsx', 'test/processing/programs/parent.ts', redis.url, join(folder, 'starts')], { NODE_ENV: 'test' });
    let children: number[] = [];
    try {
      const output = await parent.waitFor(/children [\d ]+\n/, 28_000);
      children = (/children ([\d ]+)\n/.exec(output)?.[1] ?? '').split(' ').map(Number);
      expect(children).toHaveLength(5);
      process.kill(children.at(-2)!, 'SIGSTOP');
      parent.child.kill('SIGKILL');
      expect(await until(() => !children.some(isAlive), PROMISED_MS)).toBe(true);
    } finally {
      parent.child.kill('SIGKILL');
      for (const pid of children) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  }, 40_000);
});
