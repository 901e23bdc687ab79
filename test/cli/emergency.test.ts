import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createEmergencyCommand } from '../../src/cli/emergency.js';
import { AnalyticsService } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere } from './runHere.js';

const restoreEnvironment = keepEnvironment();

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
  restoreEnvironment();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns what it printed */
const run = async (...args: readonly string[]): Promise<string> => (await runHere(createEmergencyCommand(), args)).stdout;

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
