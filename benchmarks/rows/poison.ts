import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Queue } from 'bullmq';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { closeWorker } from '../../src/processing/closeWorker.js';
import { createSupervisedWorker } from '../../src/processing/createWorker.js';
import type { SupervisedWorker } from '../../src/processing/SupervisedWorker.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/RedisClient.js';
import { poisons, type Poison } from '../poison/processor.js';
import { percentile } from '../support/spread.js';
import { startRedis } from '../support/startRedis.js';
import { createRow } from './Row.js';
import type { Suite } from './Suite.js';

interface Phase {
  /** From the call that added a job until it was done, ms. */
  readonly latencies: readonly number[];
  readonly sent: number;
}

interface Size {
  /** Between one kind of poison and the next. */
  readonly apartMs: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** Long enough for three starts of a job that hangs: each may take its deadline of 5 s, and a second to be killed. */
const SIZE: Size = { perSecond: 200, seconds: 30, apartMs: 2000 };
const QUICK_SIZE: Size = { perSecond: 50, seconds: 2, apartMs: 100 };
/** Of a poison job. The service's own have 8, which makes the same last longer. */
const STARTS = 3;
const QUICK_DEADLINE_MS = 300;
const CLOSE_MS = 10_000;

/** How long others wait while jobs go wrong in every way, against how long they wait without. */
export const poison: Suite = {
  ids: ['poison'],
  async run({ isQuick, rounds, say }) {
    const size = isQuick ? QUICK_SIZE : SIZE;
    const { apartMs } = size;
    const redis = await startRedis();
    const connection = connect(redis.url, 'patient', 'benchmark', () => undefined);
    const place = queuePlaces(createKeys('poison:')).events;
    const queue = createQueue(place, connection);
    const worker = startWorker(connection, isQuick);
    try {
      await run(queue, worker, { ...size, seconds: isQuick ? 1 : 10 });
      const [ours, peer, medians]: [number[], number[], number[]] = [[], [], []];
      let isSound = true;
      for (let round = 1; round <= rounds; round += 1) {
        const calm = await run(queue, worker, size);
        const before = await queue.getFailedCount();
        const [beside] = await Promise.all([run(queue, worker, size), ...poisons.map(async (name, place) => addLater(queue, name, place * apartMs))]);
        isSound &&= await givenUp(queue, before + poisons.length);
        isSound &&= calm.latencies.length === calm.sent && beside.latencies.length === beside.sent;
        ours.push(percentile(beside.latencies, 99));
        peer.push(percentile(calm.latencies, 99));
        medians.push(percentile(beside.latencies, 50) / percentile(calm.latencies, 50));
        say(`round ${round}  p99 of other jobs: ${ours.at(-1)!.toFixed(1)} ms beside poison, ${peer.at(-1)!.toFixed(1)} without`); // pushed above
      }
      return [
        createRow({
          id: 'poison',
          what: `${size.perSecond} jobs/s beside jobs that throw, exit, hang and spin: p99, against without them`,
          unit: 'ms',
          better: 'lower',
          ours,
          peer,
          target: 0.9,
          targetIs: 'least ratio',
          isSound,
          notes: [`each kind of poison was started ${STARTS} times and kept as a dead letter; p50 with ÷ without: ${percentile(medians, 50).toFixed(2)}`],
        }),
      ];
    } finally {
      await closeWorker(worker, CLOSE_MS);
      await queue.close();
      connection.disconnect();
      await redis.stop();
    }
  },
};

async function addLater(queue: Queue, name: Poison, ms: number): Promise<void> {
  await sleep(ms);
  await queue.add(name, {}, { attempts: STARTS });
}

/** As a worker process has it for events, with the limits of the configuration. */
function startWorker(connection: RedisClient, isQuick: boolean): SupervisedWorker {
  const { ANALYTICS_JOB_DEADLINE_MS, ANALYTICS_CHILD_JOBS, ANALYTICS_CHILD_MEMORY_MB } = parseConfig({});
  const worker = createSupervisedWorker({
    place: queuePlaces(createKeys('poison:')).events,
    processor: new URL('../poison/processor.js', import.meta.url),
    connection,
    concurrency: availableParallelism(),
    limits: {
      deadlineMs: isQuick ? QUICK_DEADLINE_MS : ANALYTICS_JOB_DEADLINE_MS,
      jobs: ANALYTICS_CHILD_JOBS,
      memory: ANALYTICS_CHILD_MEMORY_MB * 2 ** 20,
      spare: 1,
      lowerAfterMs: 1000,
    },
    onChild: () => undefined,
    onLine: () => undefined,
    onError: () => undefined,
  });
  void worker.run();
  return worker;
}

/** Adds jobs at that rate, and waits until all of them are done. */
async function run(queue: Queue, worker: SupervisedWorker, { perSecond, seconds }: Size): Promise<Phase> {
  const sentAt = new Map<string, number>();
  const latencies: number[] = [];
  const onCompleted = ({ id }: { id?: string | undefined }): void => {
    const at = sentAt.get(id ?? '');
    if (at !== undefined) latencies.push(performance.now() - at);
  };
  worker.on('completed', onCompleted);
  const count = perSecond * seconds;
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) {
    const due = startedAt + (sent * 1000) / perSecond;
    if (due > performance.now()) await sleep(due - performance.now());
    const id = `good-${performance.now()}`;
    sentAt.set(id, performance.now());
    await queue.add('good', {}, { jobId: id });
  }
  const until = performance.now() + 60_000;
  while (latencies.length < count && performance.now() < until) await sleep(10);
  worker.off('completed', onCompleted);
  return { latencies, sent: count };
}

async function givenUp(queue: Queue, count: number): Promise<boolean> {
  const until = performance.now() + 60_000;
  while ((await queue.getFailedCount()) < count && performance.now() < until) await sleep(50);
  const failed = await queue.getFailed();
  return failed.length === count && failed.every(({ attemptsMade, name }) => attemptsMade === (name === 'doesNotOpen' ? 1 : STARTS));
}
