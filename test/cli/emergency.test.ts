import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { createEmergencyCommand } from '../../src/cli/emergency.js';
import { AnalyticsService } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const names = ['NODE_ENV', 'ANALYTICS_DATA_DIR', 'REDIS_URL', 'ANALYTICS_EMERGENCY_HASH'] as const;
const before = { ...process.env };

let server: TestRedis;
let folder: string;
let secretFile: string;
beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-emergency-'));
  const [, secret = '', hash = ''] = /:\n(\S{43})\n[^]*ANALYTICS_EMERGENCY_HASH=([0-9a-f]{64})\n$/.exec(await run('secret')) ?? [];
  secretFile = join(folder, 'envelope');
  writeFileSync(secretFile, `${secret}\n`);
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: folder, REDIS_URL: server.url, ANALYTICS_EMERGENCY_HASH: hash });
});
afterAll(async () => {
  for (const name of names) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it in this process: each process would take seconds to start. @returns what it printed */
async function run(...args: readonly string[]): Promise<string> {
  let printed = '';
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  try {
    await createEmergencyCommand().exitOverride().parseAsync(args, { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  return printed;
}

describe('npm run emergency', () => {
  it('rehearses all of it', async () => {
    expect((await run('drill', '--secret-file', secretFile)).match(/^ok {2}/gm)).toHaveLength(4);
    expect(await run('list')).toMatch(/ended, a drill .* A drill: nobody is in danger\./);
  });

  it('says no to a drill with another secret', async () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'another');
    await expect(run('drill', '--secret-file', other)).rejects.toMatchObject({ code: 'FORBIDDEN', reason: 'secret' });
  });

  it('lists what goes on, and ends it', async () => {
    const secret = readFileSync(secretFile, 'utf8').trim();
    await using service = new AnalyticsService();
    const access = await service.emergency({ subject: 'dr-7', patients: [people.ann], reason: 'Unconscious in the\nemergency room.', secret });
    expect(await run('list')).toMatch(new RegExp(`${access.id} +OPEN .* dr-7 +Unconscious in the emergency room\\.`));
    expect(await run('end', access.id)).toBe('Ended.\n');
    await expect(access.getEvents({ type: 'custom' })).rejects.toMatchObject({ reason: 'ended' });
    await expect(run('end', access.id)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
