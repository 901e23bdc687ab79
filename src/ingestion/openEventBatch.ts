import { jobs } from '../../queues/jobs.js';
import { unpackEventParts, type EventPart } from '../codec/eventParts.js';
import { BatchError, readBatch } from '../errors/BatchError.js';
import type { KeyRing } from '../security/KeyRing.js';
import { openBatch } from './openBatch.js';

/**
 * Opens and verifies a batch of events.
 *
 * @param data what the job carries; checked here, since anybody who reaches the queue can put something there
 * @throws ZodError, KeyError, or BatchError, with no word of the content
 */
export async function openEventBatch(jobId: string, data: unknown, keyRing: KeyRing): Promise<EventPart[]> {
  const payload = jobs.events.payload.parse(data);
  const opened = await openBatch(jobId, 'events', payload, keyRing);
  const parts = readBatch(() => unpackEventParts(opened));
  const count = parts.reduce((sum, { rows }) => sum + rows.types.length, 0);
  if (count !== payload.n || parts.some(({ rows }) => rows.batchId !== jobId)) {
    throw new BatchError('A batch does not hold what its job says.');
  }
  return parts;
}
