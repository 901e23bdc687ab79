import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';

import { createTokensCommand } from '../../src/cli/tokens.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { AnalyticsService } from '../../src/index.js';
import { signToken } from '../../src/security/tokens.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere } from './runHere.js';

const restoreEnvironment = keepEnvironment();

let server: TestRedis;
let folder: string;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-tokens-'));
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: folder, REDIS_URL: server.url, ANALYTICS_TOKEN_SECRET: 'x'.repeat(48) });
  service = new AnalyticsService();
});
afterAll(async () => {
  await service.close();
  restoreEnvironment();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runHere(createTokensCommand(), args);
  return stdout + stderr;
}

const tokenOf = async (subject: string): Promise<string> => signToken(parseConfig(), { subject, ttlSeconds: 600 });

describe('npm run tokens -- revoke', () => {
  it('ends one token by its id, or all of somebody, of which nothing is printed, and is recorded', async () => {
    const [first, second, other] = [await tokenOf('ann'), await tokenOf('ann'), await tokenOf('bob')];
    for (const token of [first, second, other]) await service.authenticate(token);
    const jti = decodeJwt(first).jti!;
    expect(await run('revoke', '--id', jti)).toBe('Revoked.\n');
    await expect(fresh(first)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'revoked' });
    await fresh(second);
    expect(await run('revoke', '--subject', 'ann')).toBe('Revoked.\n');
    await expect(fresh(second)).rejects.toMatchObject({ reason: 'revoked' });
    await fresh(other);
    const { records } = await service.audit.list({ operation: 'tokens.revoke' });
    expect(records.map(({ outcome, reason }) => [outcome, reason])).toEqual([['allowed', jti], ['allowed', undefined]]);
  }, 30_000);

  it('does nothing where it is not said which', async () => {
    for (const args of [[], ['--id', 'a', '--subject', 'b']]) await expect(run('revoke', ...args)).rejects.toThrow(/give --id or --subject/);
  });
});

/** By a process that asks Redis now. */
async function fresh(token: string): Promise<unknown> {
  const another = new AnalyticsService();
  try {
    return await another.authenticate(token);
  } finally {
    await another.close();
  }
}
