import type { Queue } from 'bullmq';

import { KeyError } from '../errors/KeyError.js';
import { script } from '../redis/Script.js';
import type { FieldSealer } from '../security/FieldSealer.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import { decide, type DecisionReport } from './decide.js';
import { parseDrop, type DeadLetterSelection, type DropDeadLettersOptions } from './deadLetterOptions.js';
import { recordDropped, takeBackRecords } from './droppedRecord.js';
import { readDeadLetters } from './readDeadLetters.js';
import { onlyId } from './retryDeadLetters.js';

/** What BullMQ may keep of a job beside its hash. Ours have no children, and nothing that keeps others from being added. */
const BESIDE = [':logs', ':dependencies', ':processed', ':failed', ':unsuccessful'];

/**
 * Removes dead letters for ever, and keeps that it was done, by whom and why: first that, so that nothing goes unrecorded.
 * @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key: the reason is sealed
 */
export async function dropDeadLetters(context: DeadLetterContext, selection: DeadLetterSelection, options: DropDeadLettersOptions): Promise<DecisionReport> {
  const why = parseDrop(options);
  const { redis, keys, queues, logger } = context;
  const sealer = sealerOf(context);
  const report = await decide(context, selection, async (jobs) => {
    const entries = await recordDropped(redis, keys, sealer, await readDeadLetters(context, jobs), why);
    const removed = await script('dropFailedJob').runMany(redis, jobs.map(({ queue, id }) => dropCall(queues[queue], id)));
    await takeBackRecords(redis, keys, entries.filter((_, place) => removed[place] !== 1));
    return jobs.filter((_, place) => removed[place] === 1);
  });
  logger.info('Somebody dropped dead letters', { count: report.done, ...onlyId(selection, report) });
  return report;
}

/** @throws KeyError `KEY_UNAVAILABLE` */
export function sealerOf({ keyRing }: Pick<DeadLetterContext, 'keyRing'>): FieldSealer {
  if (keyRing.reading !== undefined) return keyRing.reading.fields;
  throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot drop dead letters. Set ANALYTICS_ENCRYPTION_KEY.');
}

function dropCall(queue: Queue, id: string): { readonly keys: readonly string[]; readonly args: readonly string[] } {
  const job = queue.toKey(id);
  return { keys: [queue.toKey('failed'), job, ...BESIDE.map((end) => job + end)], args: [id] };
}
