import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { HOUR_MS } from '../../src/codec/hours.js';
import { createSubjects, type Subjects } from '../../src/subjects/createSubjects.js';
import { START, TYPE } from '../merging/mergeFixture.js';
import { built } from '../support/built.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { openPractice, type Practice } from './Practice.js';

const HOURS = 48;
/** Of a page of a stream, which holds 2,000 events. */
const STREAMED_HOURS = 13;
/** So many that a read takes longer than all the moments together by which the reader comes on. */
const OTHERS = 150;
/** Shorter than what Redis' answers are waited for. */
const STANDS_MS = 1000;
const RUNS_MS = 2;
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
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
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
  reader = runProgram([program, TYPE, 'ann', String(START + STREAMED_HOURS * HOUR_MS - 1)], {
    REDIS_URL: server.url,
    REDIS_PREFIX: store.keys.prefix,
    ANALYTICS_ENCRYPTION_KEY: store.masterKey.toString('base64'),
    ANALYTICS_RETENTION_DAYS: '36500',
    ANALYTICS_DEADLINE_MS: '60000',
  });
});
afterEach(async () => {
  reader.child.kill('SIGKILL');
  await reader.ended();
  await practice.close();
});

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
    expect(await until(() => reads().length >= 20, 30_000)).toBe(true);
    // It comes on by a moment now and then, as on a machine that has too much to do: every read takes longer than the erasure.
    let isOver = false;
    const hindered = (async () => {
      while (!isOver) {
        reader.child.kill('SIGSTOP');
        await sleep(STANDS_MS);
        reader.child.kill('SIGCONT');
        await sleep(RUNS_MS);
      }
    })();
    let receiptAt: number;
    try {
      await subjects.erase('ann', { mode: 'delete' });
      receiptAt = Date.now();
    } finally {
      isOver = true;
      await hindered;
    }
    expect(await until(() => reads().filter(({ began }) => began > receiptAt).length >= 8, 20_000)).toBe(true);
    const underWay = (): SeenRead[] => reads().filter(({ began, ended }) => began < receiptAt - 2000 && ended > receiptAt);
    expect(underWay().length).toBeGreaterThan(0);
    expect(reads().filter((read) => !isWhole(read))).toEqual([]);
    expect(reads().filter((read) => read.ended > receiptAt && isTelling(read))).toEqual([]);
  }, 60_000);
});
