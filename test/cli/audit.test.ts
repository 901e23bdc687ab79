import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import type { Redis } from 'ioredis';

import { openAuditLog } from '../../src/audit/openAuditLog.js';
import { createAuditCommand } from '../../src/cli/audit.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { connect } from '../../src/redis/connect.js';
import { keysOf } from '../../src/redis/keys.js';
import { checkKeyIdentity } from '../../src/security/checkKeyIdentity.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { sampleEntry } from '../audit/support/auditScene.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere, type Outcome } from './runHere.js';

let server: TestRedis;
let redis: Redis;
let dataDir: string;
const restoreEnvironment = keepEnvironment();

beforeAll(async () => {
  server = await startRedis();
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-audit-cli-'));
  redis = connect(server.url, 'failFast', 'test', () => undefined);
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: dataDir, REDIS_URL: server.url });
  const config = parseConfig({ REDIS_URL: server.url, ANALYTICS_DATA_DIR: dataDir });
  const [keys, keyRing] = [keysOf(config), await loadKeyRing(config)];
  await checkKeyIdentity(redis, keys, keyRing);
  const log = openAuditLog(config, { redis, keys, keyRing, onError: () => undefined });
  for (const count of [1, 2]) await log.record({ ...sampleEntry, count });
  await log.record({ ...sampleEntry, subjects: ['user-2'], purpose: 'research' });
  await log.close();
});
afterAll(async () => {
  restoreEnvironment();
  redis.disconnect();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function audit(args: readonly string[], input = ''): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  try {
    return await runHere(createAuditCommand(Readable.from([input])), args, written);
  } catch (error) {
    return { code: 1, stdout: written.stdout, stderr: `${written.stderr}${error instanceof Error ? error.message : ''}` };
  }
}
const linesOf = (output: string) => output.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);

describe('npm run audit', () => {
  it('tells who saw the data of the user on stdin, and that this was asked', async () => {
    const { code, stdout } = await audit(['who-saw', '--json'], `${people.eve}\n`);
    expect(code).toBe(0);
    expect(linesOf(stdout).map(({ count }) => count)).toEqual([1, 2]);
    const again = linesOf((await audit(['who-saw', '--json'], `${people.eve}\n`)).stdout);
    expect(again.at(-1)).toMatchObject({ operation: 'audit.read', count: 2, purpose: 'audit', actor: { roles: ['auditor'], via: 'cli' } });
    const table = await audit(['who-saw', '--disclosures'], 'user-2\n');
    expect(table.stdout).toContain('research');
    expect(table.stdout).toMatch(/^time/);
  });

  it('tells what an actor saw, and exports records and AuditEvents', async () => {
    expect(linesOf((await audit(['seen-by', '--json'], 'dr-jones')).stdout)).toHaveLength(3);
    const events = linesOf((await audit(['export', '--format', 'fhir'])).stdout);
    expect(events.length).toBeGreaterThan(3);
    expect(events.every(({ resourceType }) => resourceType === 'AuditEvent')).toBe(true);
    const [name, user] = (await audit(['pseudonyms'], 'user-2\n')).stdout.trim().split('\t');
    expect(user).toBe('user-2');
    expect(linesOf((await audit(['list', '--json'])).stdout).filter(({ subjects }) => (subjects as string[] | undefined)?.includes(name!))).not.toEqual([]);
  });

  it('verifies with exit code 0, and 1 naming the record when one was taken out', async () => {
    const good = await audit(['verify']);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('all as they were written') as unknown });
    const keys = keysOf(parseConfig({ REDIS_URL: server.url }));
    const [chain] = await redis.hkeys(keys.audit.heads);
    await redis.lrem(keys.audit.tail(chain!), 1, (await redis.lindexBuffer(keys.audit.tail(chain!), 1))!);
    const bad = await audit(['verify']);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain(`Record 2 of chain ${chain} is not there.`);
  });

  it('wants a user, and takes none as an argument', async () => {
    expect(await audit(['who-saw'])).toMatchObject({ code: 1, stdout: '' });
    const asArgument = new Command('analytics').addCommand(createAuditCommand(Readable.from([people.eve]))).commands[0]!.commands.find((command) => command.name() === 'who-saw');
    expect(asArgument?.registeredArguments).toEqual([]);
  });
});
