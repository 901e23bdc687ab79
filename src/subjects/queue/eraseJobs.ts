import type { Queue } from 'bullmq';

import { leaveOut, planChunk } from '../../ingestion/PendingChunk.js';
import { script } from '../../redis/Script.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { Erasures } from '../../storage/Erasures.js';
import { EventStore } from '../../storage/EventStore.js';
import type { ErasureRun } from '../ErasureRun.js';
import { BatchRewriter } from './BatchRewriter.js';
import { jsonOf, openForSubject, type EventsForSubject, type OpenedForSubject } from './openForSubject.js';
import { walkJobs } from './walkJobs.js';

export interface JobErasureRun extends ErasureRun {
  readonly queue: Queue;
  /** What its batches hold. */
  readonly kind: OpenedForSubject['kind'];
  readonly keyRing: KeyRing;
}

/** What one look through a queue came to, in events or samples. */
export interface JobErasure {
  /** Taken out of batches that wait, and of dead letters. */
  queued: number;
  dead: number;
  /** Batches that were removed since nothing was left in them. */
  jobsRemoved: number;
  /** In batches that a worker has at this moment: it leaves them out when it stores. */
  held: number;
  /** Dead letters that do not open. */
  unreadable: number;
}

/**
 * Takes what is somebody's out of the batches that wait, were given up, or are being worked on. A batch that holds others'
 * is sealed anew under its id; one that holds nothing else is removed. Safe to repeat and beside workers: a batch that was
 * taken before is stored without them.
 *
 * @param until ms: events that were tracked later stay
 */
export async function eraseJobs(run: JobErasureRun, until: number): Promise<JobErasure> {
  const { redis, queue, kind, userId, keyRing } = run;
  const done: JobErasure = { queued: 0, dead: 0, jobsRemoved: 0, held: 0, unreadable: 0 };
  const rewriter = new BatchRewriter(keyRing);
  const seen = new Set<string>();
  for await (const { id, isDead, data } of walkJobs(redis, queue)) {
    run.throwIfAborted();
    if (seen.has(id)) continue; // it moved, and was dealt with
    const opened = await openForSubject(kind, id, jsonOf(data), userId, until, keyRing);
    if (opened === undefined) done.unreadable += 1;
    if (opened === undefined || opened.count === 0) continue;
    seen.add(id);
    if (opened.kind === 'events') await keepIds(run, id, opened);
    const payload = await rewriter.rewrite(id, opened);
    if (payload === undefined) {
      // A worker has it: it will store nothing of it, and it is gone then.
      if ((await queue.remove(id)) !== 1) {
        done.held += opened.count;
        continue;
      }
      done.jobsRemoved += 1;
    } else if ((await script('replaceJobData').run(redis, { keys: [queue.toKey(id)], args: [data, JSON.stringify(payload)] })) !== 1) continue;
    done[isDead ? 'dead' : 'queued'] += opened.count;
  }
  return done;
}

/** Ids that callers gave stay taken: whoever calls again with one must not bring its event back. */
async function keepIds({ redis, keys, secrets }: ErasureRun, jobId: string, { rows }: EventsForSubject): Promise<void> {
  const { generation } = await new Erasures(redis, keys, secrets.fingerprints).refresh();
  const chunks = [...rows].flatMap(([part, theirs]) => {
    const erasedIds = [...theirs].flatMap((row) => part.rows.callerIds.get(row) ?? []);
    const empty = leaveOut(part, new Set(part.rows.places.keys()));
    return planChunk(empty, { checkEach: false, erasedIds, generation }, { jobId, fingerprints: secrets.fingerprints, retentionMs: () => Infinity });
  });
  if (chunks.length > 0) await new EventStore(redis, keys, secrets).store(chunks, Date.now());
}
