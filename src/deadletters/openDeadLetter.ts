import { ZodError } from 'zod';

import { eventOf, storedEventAt } from '../codec/columns/StoredEvent.js';
import { BatchError } from '../errors/BatchError.js';
import { openEventBatch } from '../ingestion/openEventBatch.js';
import { openMetricBatch, parseTags } from '../ingestion/openMetricBatch.js';
import type { DeadLetter, FailedJob, OpenedDeadLetter } from './DeadLetter.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import { parseInspect, type InspectDeadLetterOptions } from './deadLetterOptions.js';
import { findFailed, unknownDeadLetter } from './findFailed.js';
import { readDeadLetters } from './readDeadLetters.js';

/**
 * Opens a dead letter. That somebody does is logged, whether or not it opens; who, the audit log has.
 * @throws AnalyticsError `DEAD_LETTER_UNKNOWN`; ValidationError; whatever keeps its batch from being opened: KeyError, BatchError
 */
export async function openDeadLetter(context: DeadLetterContext, idGiven: string, options: InspectDeadLetterOptions): Promise<OpenedDeadLetter> {
  const { id } = parseInspect(idGiven, options);
  const [job] = await findFailed(context, [id]);
  if (job === undefined) throw unknownDeadLetter();
  const [deadLetter] = (await readDeadLetters(context, [job])) as [DeadLetter]; // one for each job
  context.logger.info('Somebody opened a dead letter', { queue: job.queue, jobId: id, code: deadLetter.reason });
  try {
    return { deadLetter, ...(await openBatch(context, job)) };
  } catch (error) {
    if (error instanceof ZodError) throw new BatchError('What the job carries does not fit its schema.');
    throw error;
  }
}

async function openBatch({ redis, queues, keyRing }: DeadLetterContext, { queue, id }: FailedJob): Promise<Pick<OpenedDeadLetter, 'events' | 'samples'>> {
  const nothing = { events: [], samples: [] };
  if (queue === 'maintenance') return nothing;
  const data = jsonOf(await redis.hget(queues[queue].toKey(id), 'data'));
  if (queue === 'events') {
    const rows = (await openEventBatch(id, data, keyRing)).flatMap(({ type, rows }) => rows.places.map((place, row) => ({ type, place, rows, row })));
    // In the order in which they were tracked: parts are of one type and hour each.
    return { ...nothing, events: rows.toSorted((a, b) => a.place - b.place).map(({ type, rows: part, row }) => eventOf(type, storedEventAt(part, row, 0))) };
  }
  const { names, tags, timestamps, values } = await openMetricBatch(id, data, keyRing);
  const samples = names.map((name, row) => ({ name, value: values[row]!, tags: parseTags(tags[row]!), timestamp: timestamps[row]! }));
  return { ...nothing, samples };
}

function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    throw new BatchError('What the job carries is not JSON.');
  }
}
