import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HOUR_MS } from '../../src/codec/hours.js';
import { PURGED_AFTER_MS } from '../../src/storage/PurgeMark.js';
import { createSubjects, type Subjects } from '../../src/subjects/createSubjects.js';
import { START, TYPE } from '../merging/mergeFixture.js';
import { built } from '../support/built.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { openPractice, type Practice } from './Practice.js';

const HOURS = 48;
/** Of a page of a stream, which holds 2,000 events. */
const STREAMED_HOURS = 13;
const OTHERS = 150;
const MOST_TRIES = 8;
const program = built('test/subjects/programs/reader.ts');

interface SeenRead {
  readonly isStream: boolean;
  readonly began: number;
  readonly ended: number;
  readonly theirs: number;
  readonly others: number;
  readonly refused?: string;
}

let server: TestRedis;
let practice: Practice;
let subjects: Subjects;
let reader: RunningProgram;
let folder: string;
let standsFile: string;
beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-other-'));
  standsFile = join(folder, 'stands');
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
async function open(): Promise<void> {
  practice = await openPractice(server.url);
  const { store, context } = practice;
  for (let hour = 0; hour < HOURS; hour += 1) {
    const at = (n: number): number => START + hour * HOUR_MS + n;
    await store.run(store.batch([{ userId: 'ann', id: `ann-${hour}`, timestamp: at(0) }, ...Array.from({ length: OTHERS }, (_, n) => ({ userId: `user-${n}`, id: `${hour}-${n}`, timestamp: at(n) }))]));
  }
  // It waits as long as a user's does: other processes are asked for nothing.
  subjects = createSubjects({
    context: { ...context, purgedAfterMs: undefined },
    by: { subject: 'test', via: 'test' },
    gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
    wakeWorker: async () => Promise.resolve(),
  });
  // A read that is stopped by the test has time enough to end.
  reader = runProgram([program, TYPE, 'ann', String(START + STREAMED_HOURS * HOUR_MS - 1), standsFile], {
    REDIS_URL: server.url,
    REDIS_PREFIX: store.keys.prefix,
    ANALYTICS_ENCRYPTION_KEY: store.masterKey.toString('base64'),
    ANALYTICS_RETENTION_DAYS: '36500',
    ANALYTICS_DEADLINE_MS: '60000',
  });
}
async function close(): Promise<void> {
  reader.child.kill('SIGKILL');
  await reader.ended();
  await practice.close();
}
beforeEach(open);
afterEach(close);

function reads(): SeenRead[] {
  const lines = reader.output().split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as SeenRead); // what the program writes
}

/** Nobody else's was ever missing. */
const isWhole = ({ isStream, others, refused }: SeenRead): boolean => refused !== undefined || others === (isStream ? STREAMED_HOURS : HOURS) * OTHERS;
const isTelling = ({ theirs }: SeenRead): boolean => theirs > 0;

describe('another process, whose memory is warm', () => {
  it('gives out nobody who was erased once there is a receipt, and everybody else’s at any time', async () => {
    expect(await until(() => reads().length >= 20, 30_000)).toBe(true);
    expect(reads().findLast(({ isStream }) => !isStream)).toMatchObject({ theirs: HOURS });
    await subjects.erase('ann', { mode: 'delete' });
    const receiptAt = Date.now();
    expect(await until(() => reads().filter(({ began }) => began > receiptAt).length >= 4)).toBe(true);
    expect(reads().filter((read) => !isWhole(read))).toEqual([]);
    expect(reads().filter((read) => read.ended > receiptAt && isTelling(read))).toEqual([]);
  }, 60_000);

  it('gives out nobody by reads that were under way all the while, when it had stood still', async () => {
    // Which reads are under way for how long is chance.
    for (let tries = 1; (await readsUnderWay()) === 0; tries += 1) {
      expect(tries).toBeLessThan(MOST_TRIES);
      await close();
      await open();
    }
  }, 240_000);
});

/** Erases somebody while the other process hardly comes on. @returns how many reads had begun before the erasure told all processes, and ended after its receipt */
async function readsUnderWay(): Promise<number> {
  expect(await until(() => reads().length >= 20, 30_000)).toBe(true);
  // A read is several turns of the loop: it takes about as long as the erasure.
  writeFileSync(standsFile, '');
  await subjects.erase('ann', { mode: 'delete' });
  const receiptAt = Date.now();
  rmSync(standsFile);
  expect(await until(() => reads().filter(({ began }) => began > receiptAt).length >= 8, 20_000)).toBe(true);
  expect(reads().filter((read) => !isWhole(read))).toEqual([]);
  expect(reads().filter((read) => read.ended > receiptAt && isTelling(read))).toEqual([]);
  return reads().filter(({ began, ended }) => began < receiptAt - PURGED_AFTER_MS && ended > receiptAt).length;
}
