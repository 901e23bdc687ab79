import { script } from '../redis/Script.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import type { DeadLetter, FailedJob } from './DeadLetter.js';
import { failureCode } from './failureCode.js';

/** A batch's payload begins with its version, the key's name, the sealed key and its count: 170 bytes. */
const HEAD_BYTES = 256;

/** What is known of failed jobs, in their order, in one round trip. What a job says of itself is taken only where it is a number or a key's name. */
export async function readDeadLetters({ redis, queues }: Pick<DeadLetterContext, 'redis' | 'queues'>, jobs: readonly FailedJob[]): Promise<DeadLetter[]> {
  if (jobs.length === 0) return [];
  const calls = jobs.map(({ queue, id }) => ({ keys: [queues[queue].toKey(id)], args: [HEAD_BYTES] }));
  const replies = (await script('readFailedJob').runMany(redis, calls)) as (Buffer | number)[][]; // what the script answers
  return replies.map((reply, place) => {
    const { queue, id, failedAt } = jobs[place]!;
    const [reason, attempts, starts, priority, bytes = 0, head = ''] = reply.map((part) => (typeof part === 'number' ? part : part.toString('latin1')));
    const carried = queue === 'maintenance' ? {} : describeBatch(queue, String(head));
    return {
      id,
      queue,
      failedAt,
      reason: reply.length === 6 ? (failureCode(reason) ?? 'FAILED') : 'JOB_MISSING',
      attempts: wholeOf(attempts),
      starts: wholeOf(starts),
      priority: wholeOf(priority),
      ...carried,
      bytes: Number(bytes),
    };
  });
}

function wholeOf(text: unknown): number {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : 0;
}

/** The clear part of a batch, before its ciphertext. */
function describeBatch(queue: 'events' | 'metrics', head: string): Pick<DeadLetter, 'events' | 'samples' | 'keyId'> {
  const clear = head.slice(0, head.indexOf('"c":') + 1);
  const count = /"n":(\d{1,4}),/.exec(clear)?.[1];
  const keyId = /"to":"([0-9a-f]{16})"/.exec(clear)?.[1];
  return {
    ...(count !== undefined && { [queue === 'events' ? 'events' : 'samples']: Number(count) }),
    ...(keyId !== undefined && { keyId }),
  };
}
