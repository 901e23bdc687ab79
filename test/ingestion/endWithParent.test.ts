import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runProgram, until } from '../support/program.js';
import { isAlive, startRedis, type TestRedis } from '../support/redis.js';

describe('a child whose parent is killed', () => {
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

  test('ends within 2 s of its job’s end, even if it could not hear of it before', async () => {
    const file = join(folder, 'pid');
    const readPid = (): number => {
      try {
        return Number(readFileSync(file, 'utf8'));
      } catch {
        return 0;
      }
    };
    const jobMs = 500;
    const parent = runProgram(['--import', 'tsx', 'test/ingestion/programs/busyParent.ts', redis.url, file, String(jobMs)], { NODE_ENV: 'test' });
    try {
      expect(await until(() => readPid() > 0, 20_000)).toBe(true);
      parent.child.kill('SIGKILL');
      expect(await until(() => !isAlive(readPid()), jobMs + 2000)).toBe(true);
    } finally {
      parent.child.kill('SIGKILL');
      if (readPid() > 0 && isAlive(readPid())) process.kill(readPid(), 'SIGKILL');
    }
  });
});
