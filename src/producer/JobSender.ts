import type { Queue } from 'bullmq';

import type { SealedBatchPayload } from '../../queues/jobs.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { reconnectDelay } from '../redis/connect.js';
import { corkTurn } from '../redis/corkTurn.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { lastingRefusals, refusalWord, type RefusalWord } from '../redis/refusalWord.js';
import type { KeyRing } from '../security/KeyRing.js';
import type { BatchOutcome, BatchSender } from './batch.js';
import type { QueueLoad } from './QueueLoad.js';
import type { Spool } from './spool/Spool.js';

export interface SenderSpool {
  readonly spool: Spool;
  readonly answerMs: number;
  /** Why its batches could never be sent: they are refused then. */
  readonly fault: () => AnalyticsError | undefined;
}

export interface JobSenderOptions {
  readonly queue: Queue;
  /** The connection that the queue was made over. */
  readonly redis: RedisClient;
  readonly jobName: string;
  /** Bound into the seal. */
  readonly kind: 'events' | 'metrics';
  /** BullMQ priority, 1 is first. */
  readonly priority: number;
  readonly keyRing: Pick<KeyRing, 'publicId' | 'transport'>;
  /** Told when Redis has no memory left; makes the refusal. */
  readonly load: Pick<QueueLoad, 'markFull'>;
  /** Takes what Redis does not take, or does not answer within `answerMs`. Without one it is tried until there is an answer. */
  readonly spool?: SenderSpool | undefined;
  /** How long what a failover looks like is waited out before it counts as a refusal, ms. Default: 0. */
  readonly patienceMs?: number;
  /** Aborted when the service is closed: what is unanswered then stays so. */
  readonly signal: AbortSignal;
  /** Told of each failed try, for logs and figures. */
  readonly onError: (error: Error) => void;
}

/**
 * Makes the function that seals a batch once and adds it as a job until Redis answers. Job id and bytes never change, so
 * adding it again is harmless: a job that still waits is not doubled, one that was worked off finds its chunks stored.
 */
export function createJobSender(options: JobSenderOptions): BatchSender {
  const { queue, redis, jobName, kind, priority, keyRing, load, patienceMs = 0, signal, onError } = options;
  const { spool, answerMs, fault } = options.spool ?? {};
  // `queue.add` may wait for ever while Redis is away; a service that is closed does not. One listener serves all batches: with one for
  // each Node warned the application of a leak.
  const waiting = new Set<() => void>();
  signal.addEventListener('abort', () => waiting.forEach((giveUp) => giveUp()), { once: true });
  const orClosed = <T>(promise: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error('no answer'));
      waiting.add(giveUp);
      const timer = answerMs === undefined ? undefined : setTimeout(giveUp, answerMs);
      promise.then(resolve, reject).finally(() => {
        clearTimeout(timer);
        waiting.delete(giveUp);
      });
    });
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      waiting.add(done);
    });

  const sealBatch = async (batch: Parameters<BatchSender>[0]): Promise<SealedBatchPayload> => {
    await keyRing.transport.prepare();
    const sealed = keyRing.transport.seal(batch.id, kind, batch.count, batch.encode());
    return {
      v: 1,
      to: keyRing.publicId,
      key: sealed.sealedKey.toString('base64'),
      n: batch.count,
      c: sealed.ciphertext.toString('base64'),
    };
  };

  const keep = async (id: string, payload: SealedBatchPayload): Promise<BatchOutcome> => {
    const error = fault?.();
    if (error !== undefined) return { kind: 'refused', error };
    try {
      await spool?.append({ queue: kind, id, priority, payload });
      return { kind: 'acknowledged' };
    } catch (error) {
      return { kind: 'refused', error: error instanceof AnalyticsError ? error : new AnalyticsError('INTERNAL', 'The spool failed; nothing was stored.', { cause: error }) };
    }
  };

  return async function sendBatch(batch): Promise<BatchOutcome> {
    let payload: SealedBatchPayload;
    try {
      payload = await sealBatch(batch);
    } catch (cause) {
      return { kind: 'refused', error: new AnalyticsError('INTERNAL', 'The batch could not be sealed; nothing was sent.', { cause }) };
    }
    // Redis may have it although it did not say so.
    let isInDoubt = false;
    const patientUntil = performance.now() + patienceMs;
    for (let attempt = 0; !signal.aborted || spool !== undefined; attempt += 1) {
      if (spool?.isAway === true || signal.aborted) {
        const outcome = await keep(batch.id, payload);
        if (outcome.kind === 'acknowledged' || !isInDoubt) return outcome;
        if (signal.aborted) break;
      } else {
        try {
          // Several lanes send in one turn, as their callers were answered in one.
          corkTurn(redis);
          await orClosed(queue.add(jobName, payload, { jobId: batch.id, priority }));
          return { kind: 'acknowledged' };
        } catch (error) {
          const failure = error instanceof Error ? error : new Error('a value that is no error was thrown');
          if (!signal.aborted) onError(failure);
          // Redis said no before it was ever in doubt: nothing was stored, and the caller can be told at once.
          const refusedFor = isInDoubt ? undefined : refusalWord(failure);
          if (refusedFor === 'OOM') return { kind: 'refused', error: load.markFull() };
          const mayPass = refusedFor !== undefined && PASSING.has(refusedFor) && performance.now() < patientUntil;
          if (refusedFor !== undefined && !mayPass && (spool === undefined || lastingRefusals.has(refusedFor))) return { kind: 'refused', error: refusal(refusedFor, failure) };
          if (refusedFor === undefined) isInDoubt = true;
          if (spool !== undefined) {
            spool.markAway();
            continue;
          }
        }
      }
      if (signal.aborted) break;
      await pause(reconnectDelay(attempt));
    }
    return { kind: 'unknown' };
  };
}

/** While another master takes over. */
const PASSING: ReadonlySet<RefusalWord> = new Set(['READONLY', 'LOADING', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN', 'NOREPLICAS']);

function refusal(word: RefusalWord, cause: Error): AnalyticsError {
  return new AnalyticsError('REDIS_UNAVAILABLE', `Redis refused the batch (${word}); nothing was stored. Try again later.`, {
    cause,
  });
}
