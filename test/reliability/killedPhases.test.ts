import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { eventIdAt } from '../../src/codec/batchId.js';
import { AnalyticsService, EventPriority, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { createKeys } from '../../src/redis/keys.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { readStored } from '../faults/check/readStore.js';
import { phases, type Phase } from '../faults/failpoints/phases.js';
import { hasProcessTree } from '../faults/scene/processTree.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';
import { DyingWorker } from './support/DyingWorker.js';

/** Kills in each phase. */
const KILLS = Number(process.env['PHASE_KILLS'] ?? 1);
/** In each phase at the same time: more would keep two cores busy with starting workers. */
const AT_ONCE = 2;
const AGAIN_MS = 5000;
const ORPHAN_MS = 2000;
/** Beside other tests both take longer: what is promised is held to by the long run, which has the machine to itself. */
const SLACK = process.env['PHASE_KILLS'] === undefined ? 2 : 1;
/** How long is waited for what has to come sooner: it says then how late it was. */
const PATIENCE = 3;
const DEATH_MS = 60_000;
/** Events of one call: some of an hour ago, so that each batch is two chunks. */
const BATCH = 4;
const HOUR_MS = 3_600_000;

const TYPE = EventType.USER_ACTION;
const masterKey = randomBytes(32);
const keys = createKeys('analytics:');

/** What came of one kill. */
interface Kill {
  readonly phase: Phase;
  /** Until the job that was cut off had begun again elsewhere; undefined where none was: it was done, and no other had been fetched. */
  readonly againMs: number | undefined;
  readonly orphanMs: number;
}

let server: TestRedis;
let redis: Redis;
let queue: Queue;
let service: AnalyticsService;
let folder: string;
let steady: RunningProgram;
let env: Readonly<Record<string, string>>;
const workers = new Set<DyingWorker>();
const acknowledged: string[] = [];

beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-phases-'));
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = createQueue(queuePlaces(keys).events, redis);
  env = { REDIS_URL: server.url, ANALYTICS_DATA_DIR: folder, ANALYTICS_ENCRYPTION_KEY: masterKey.toString('base64'), ANALYTICS_CONCURRENCY: '1', ANALYTICS_LOG_LEVEL: 'warn' };
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: masterKey.toString('base64'), deadlineMs: 20_000 });
  steady = runProgram(['dist/src/processes/main.js', '--services=processing'], { ...env, ANALYTICS_LOG_LEVEL: 'info' });
  await steady.waitFor('role=processing', 40_000);
}, 60_000);
afterAll(async () => {
  await Promise.all([...workers].map(async (worker) => worker.end()));
  steady.child.kill('SIGTERM');
  await steady.ended();
  await service.close();
  await queue.close();
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Tracks batches until it is told that it is enough; each call is acknowledged, since Redis is well. */
function keepTracking(): () => Promise<void> {
  let isEnough = false;
  const track = async (): Promise<void> => {
    while (!isEnough) {
      const timestamp = Date.now();
      const events = Array.from({ length: BATCH }, (_, place) => ({
        type: TYPE,
        priority: EventPriority.CRITICAL,
        userId: people.ann,
        timestamp: timestamp - (place % 2) * HOUR_MS,
        properties: { op: `${timestamp}-${place}` },
      }));
      for (const result of await service.trackEvents(events)) {
        if (!result.ok) throw result.error;
        acknowledged.push(result.id);
      }
    }
  };
  const tracking = Promise.all([track(), track(), track()]);
  return async () => {
    isEnough = true;
    await tracking;
  };
}

async function isStored(jobId: string): Promise<boolean> {
  return (await service.getEvent(eventIdAt(jobId, 0), { type: TYPE })) !== undefined;
}

/** How often a job was begun; undefined once it is done: it is removed then. */
async function startsOf(jobId: string): Promise<number | undefined> {
  const starts = await redis.hget(queue.toKey(jobId), 'ats');
  return starts === null ? undefined : Number(starts);
}

/** Waits for the death of a worker, holds what is left of its job against the phase in which it died, and watches the recovery. */
async function killIn(worker: DyingWorker): Promise<{ readonly recovered: Promise<Kill> }> {
  const { phase } = worker;
  const { jobId, nextJobId } = await worker.death(DEATH_MS);
  const diedAt = performance.now();
  const cutOff = phase === 'completed' ? nextJobId : jobId;
  const starts = cutOff === undefined ? undefined : await startsOf(cutOff);
  if (phase === 'completed') expect(await startsOf(jobId)).toBeUndefined();
  else expect(starts).toBeGreaterThan(0);
  const isOver = phase === 'after-store' || phase === 'completed';
  // One that was begun before, by a worker that died, may have been stored by that.
  if (isOver || starts === 1) expect({ phase, isStored: await isStored(jobId) }).toEqual({ phase, isStored: isOver });
  return { recovered: recover(worker, diedAt, cutOff, starts) };
}

async function recover(worker: DyingWorker, diedAt: number, cutOff: string | undefined, starts: number | undefined): Promise<Kill> {
  const passed = (): number => Math.round(performance.now() - diedAt);
  const ran = async (): Promise<number | undefined> => {
    if (cutOff === undefined || starts === undefined) return undefined;
    await until(async () => ((await startsOf(cutOff)) ?? Infinity) > starts, AGAIN_MS * PATIENCE);
    return passed();
  };
  const ended = async (): Promise<number> => {
    await until(() => worker.left().length === 0, ORPHAN_MS * PATIENCE);
    return passed();
  };
  const [againMs, orphanMs] = await Promise.all([ran(), ended()]);
  await worker.end();
  workers.delete(worker);
  return { phase: worker.phase, againMs, orphanMs };
}

function report(kills: readonly Kill[], stored: readonly string[]): void {
  process.stdout.write(`${kills.length} kills; ${acknowledged.length} events acknowledged, ${stored.length} stored, ${new Set(stored).size} of them different\n`);
  for (const phase of phases) {
    const these = kills.filter((kill) => kill.phase === phase);
    const again = these.flatMap(({ againMs }) => againMs ?? []).sort((a, b) => a - b);
    const orphans = Math.max(...these.map(({ orphanMs }) => orphanMs));
    const ran = again.length === 0 ? 'none was cut off' : `${again.length} cut off, run again after ${again[Math.floor(again.length / 2)]} ms (median), ${again.at(-1)} ms (worst)`;
    process.stdout.write(`${phase}: ${these.length} kills; ${ran}; children gone after ${orphans} ms (worst)\n`);
  }
}

(hasProcessTree ? describe : describe.skip)('kill -9 of a worker in each phase of a job', () => {
  it(`stores each event once, runs the job again within ${AGAIN_MS / 1000} s, and leaves no child after ${ORPHAN_MS / 1000} s`, async () => {
    const kills: Kill[] = [];
    let recovering: Promise<Kill[]> = Promise.resolve([]);
    for (let done = 0; done < KILLS; done += AT_ONCE) {
      const names = Array.from({ length: Math.min(AT_ONCE, KILLS - done) }, (_, place) => done + place);
      const dying = names.flatMap((name) => phases.map((phase) => new DyingWorker(phase, join(folder, `${phase}-${name}.fuse`), env)));
      for (const worker of dying) workers.add(worker);
      const enough = keepTracking();
      const deaths = await Promise.all(dying.map(killIn));
      await enough();
      // The next ones start while these are being recovered from.
      kills.push(...(await recovering));
      recovering = Promise.all(deaths.map(async ({ recovered }) => recovered));
    }
    kills.push(...(await recovering));

    expect(await until(async () => (await queue.getJobCountByTypes('active', 'delayed', 'wait', 'prioritized')) === 0, 30_000)).toBe(true);
    expect(await queue.getFailedCount()).toBe(0);
    const stored: string[] = [];
    const keyRing = await keyRingFromMaster(masterKey);
    for await (const { id } of readStored({ client: redis, keys, keyRing }, TYPE)) stored.push(id);
    expect(stored.sort()).toEqual([...acknowledged].sort());
    expect(await service.countEvents({ type: TYPE, startTime: 0 })).toBe(acknowledged.length);
    if (KILLS > 1) report(kills, stored);
    expect(kills.filter(({ againMs = 0, orphanMs }) => againMs > SLACK * AGAIN_MS || orphanMs > SLACK * ORPHAN_MS)).toEqual([]);
  }, 60_000 + KILLS * 20_000);
});
