import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { readReason, readWhoAndWhy } from '../../src/cli/readReason.js';
import { AnalyticsService, EventType } from '../../src/index.js';
import { runProgram, until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const encryptionKey = randomBytes(32).toString('base64');
const REASON = 'She says that the scale was wrong.';

let server: TestRedis;
let folder: string;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-subjects-'));
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey, dataDir: folder });
});
afterAll(async () => {
  await service.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns what it printed, and its arguments as others on the host see them */
async function run(input: string, ...args: readonly string[]) {
  const program = runProgram(['dist/src/cli/main.js', 'subjects', ...args], { REDIS_URL: server.url, ANALYTICS_ENCRYPTION_KEY: encryptionKey, ANALYTICS_DATA_DIR: folder }, input);
  const cmdline = `/proc/${program.child.pid}/cmdline`;
  let seen = '';
  // Between fork and exec it shows those of this process.
  await until(() => (seen = readFileSync(cmdline, 'utf8')).includes('subjects') || program.child.exitCode !== null);
  return { code: await program.ended(), output: program.output(), seen };
}

async function amendmentsOf(userId: string): Promise<object[]> {
  const found: object[] = [];
  for await (const line of service.subjects.export(userId)) if (line.record === 'event' && line.event.type === 'subject_amendment') found.push(line.event);
  return found;
}

describe('npm run subjects -- amend', () => {
  it('links a statement to an event, and shows others on the host neither whose it is nor why', async () => {
    const id = await service.trackEvent({ type: EventType.USER_ACTION, userId: 'ann', properties: { action: 'weigh' } });
    await service.processEvents();
    const file = join(folder, 'statement.txt');
    writeFileSync(file, 'It was 60 kg.\n');
    const { code, output, seen } = await run(`ann\n${REASON}\n`, 'amend', id, '--reason', '-', '--file', file);
    expect([code, seen.split('\0').slice(-7, -1)]).toEqual([0, ['amend', id, '--reason', '-', '--file', file]]);
    const amendment = JSON.parse(output.trim().split('\n').at(-1)!) as { id: string };
    await service.processEvents();
    const amendments = [expect.objectContaining({ id: amendment.id, properties: expect.objectContaining({ amends: id, kind: 'amendment', statement: 'It was 60 kg.', reason: REASON }) })];
    expect(await amendmentsOf('ann')).toEqual(amendments);

    const without = await run('ann\n', 'amend', id, '--reason', '-', '--file', file);
    expect([without.code, without.output]).toEqual([1, expect.stringContaining('the reason in the next')]);
    expect(await amendmentsOf('ann')).toEqual(amendments);
  }, 30_000);
});

describe('--reason -', () => {
  const input = (text: string): Readable => Readable.from([text]);
  const nobody = async (): Promise<string> => Promise.reject(new Error('it was asked for'));

  it('takes the first line, or what stands behind the user id, and leaves the input alone for a reason that is an argument', async () => {
    expect(await readReason('-', input(`${REASON}\nmore\n`))).toBe(REASON);
    expect(await readReason('case 17', input('not read'))).toBe('case 17');
    expect(await readWhoAndWhy('-', nobody, input(`ann\r\n${REASON}\nand so on\n`))).toEqual({ userId: 'ann', reason: `${REASON}\nand so on` });
    expect(await readWhoAndWhy('case 17', async () => Promise.resolve('ann'), input('not read'))).toEqual({ userId: 'ann', reason: 'case 17' });
    for (const given of ['', '\n', 'ann\n', 'ann']) await expect(readWhoAndWhy('-', nobody, input(given))).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(readReason('-', input('\n'))).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
