import type { Queue } from 'bullmq';

import type { SealedBatchPayload } from '../../queues/jobs.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { reconnectDelay } from '../redis/connect.js';
import { corkTurn } from '../redis/corkTurn.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing } from '../security/KeyRing.js';
import type { BatchOutcome, BatchSender } from './batch.js';

export interface JobSenderOptions {
  readonly queue: Queue;
  /** The connection that the queue was made over. */
  readonly redis: RedisClient;
  readonly jobName: string;
  /** `events` or `metrics`; bound into the seal. */
  readonly kind: string;
  /** BullMQ priority, 1 is first. */
  readonly priority: number;
  readonly keyRing: Pick<KeyRing, 'publicId' | 'transport'>;
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
  const { queue, redis, jobName, kind, priority, keyRing, signal, onError } = options;
  // `queue.add` may wait for ever while Redis is away; a service that is closed does not. One listener serves all batches.
  const waiting = new Set<() => void>();
  signal.addEventListener('abort', () => waiting.forEach((giveUp) => giveUp()), { once: true });
  const orClosed = <T>(promise: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error('closed'));
      waiting.add(giveUp);
      promise.then(resolve, reject).finally(() => waiting.delete(giveUp));
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

  return async function sendBatch(batch): Promise<BatchOutcome> {
    let payload: SealedBatchPayload;
    try {
      payload = await sealBatch(batch);
    } catch (cause) {
      return { kind: 'refused', error: new AnalyticsError('INTERNAL', 'The batch could not be sealed; nothing was sent.', { cause }) };
    }
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        // Several lanes send in one turn, as their callers were answered in one.
        corkTurn(redis);
        await orClosed(queue.add(jobName, payload, { jobId: batch.id, priority }));
        return { kind: 'acknowledged' };
      } catch (error) {
        if (signal.aborted) break;
        const failure = error instanceof Error ? error : new Error('a value that is no error was thrown');
        onError(failure);
        // Redis said no before it was ever in doubt: nothing was stored, and the caller can be told at once.
        if (attempt === 0 && isRefusal(failure)) return { kind: 'refused', error: refusal(failure) };
      }
      await pause(reconnectDelay(attempt), signal);
    }
    return { kind: 'unknown' };
  };
}

const REFUSALS = ['OOM', 'MISCONF', 'READONLY', 'NOPERM', 'NOAUTH', 'WRONGPASS', 'LOADING', 'CLUSTERDOWN', 'NOREPLICAS'];

/** Whether Redis refused the command itself, by the first word of its answer. */
function isRefusal(error: Error): boolean {
  return REFUSALS.some((word) => error.message.startsWith(word));
}

function refusal(cause: Error): AnalyticsError {
  const word = cause.message.split(/[\s:]/, 1)[0] ?? '';
  return new AnalyticsError('REDIS_UNAVAILABLE', `Redis refused the batch (${word}); nothing was stored. Try again later.`, {
    cause,
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
