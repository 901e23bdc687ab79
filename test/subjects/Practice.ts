import type { Queue } from 'bullmq';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { createSubjects, type SubjectRequest, type Subjects } from '../../src/subjects/createSubjects.js';
import type { ExportRecord } from '../../src/subjects/exportSubject.js';
import type { SubjectContext } from '../../src/subjects/SubjectContext.js';
import { createMergeFixture, type MergeFixture } from '../merging/mergeFixture.js';
import type { Job } from '../queries/eventFixture.js';

/** A store with its queue of events, and the rights of those who are in it. */
export interface Practice {
  readonly store: MergeFixture;
  readonly queue: Queue;
  readonly metrics: Queue;
  readonly context: SubjectContext;
  readonly subjects: Subjects;
  /** What was asked for, in order, and how much was given out. */
  readonly recorded: (SubjectRequest & { readonly count?: number })[];
  /** Puts a batch into the queue. */
  enqueue(job: Job, queue?: Queue): Promise<void>;
  /** Moves a waiting batch among the dead letters. */
  giveUp(job: Job, queue?: Queue): Promise<void>;
  exported(userId: string): Promise<ExportRecord[]>;
  close(): Promise<void>;
}

export async function openPractice(url: string, spoolDir?: string): Promise<Practice> {
  const store = await createMergeFixture(url);
  const { redis, keys, keyRing } = store;
  const queue = createQueue(queuePlaces(keys).events, redis);
  const metrics = createQueue(queuePlaces(keys).metrics, redis);
  for (const one of [queue, metrics]) one.on('error', () => undefined);
  const types = createEventTypes();
  const context: SubjectContext = { redis, keys, keyRing, secrets: keyRing.reading!, events: queue, metrics, spoolDir, classesOf: (type) => types.classesOf(type), now: Date.now, purgedAfterMs: 0 };
  const recorded: (SubjectRequest & { count?: number })[] = [];
  const subjects = createSubjects({
    context,
    by: { subject: 'test', via: 'test' },
    gate: {
      async act(request, work) {
        recorded.push(request);
        return work();
      },
      async told(request, count) {
        recorded.push({ ...request, count });
        await Promise.resolve();
      },
    },
    wakeWorker: async () => Promise.resolve(),
  });
  return {
    store,
    queue,
    metrics,
    context,
    subjects,
    recorded,
    async enqueue({ id, payload }, to = queue) {
      await to.add('batch', payload, { jobId: id, priority: 100 });
    },
    async giveUp({ id }, from = queue) {
      await redis.zrem(from.toKey('prioritized'), id);
      await redis.zadd(from.toKey('failed'), Date.now(), id);
      await redis.hset(from.toKey(id), 'failedReason', 'STORE_INCONSISTENT: a test');
    },
    async exported(userId) {
      const lines: ExportRecord[] = [];
      for await (const line of subjects.export(userId)) lines.push(line);
      return lines;
    },
    async close() {
      await Promise.all([queue.close(), metrics.close()]);
      await store.close();
    },
  };
}

