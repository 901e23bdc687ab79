import { queueTitles } from '../../queues/names.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { FailedJob } from './DeadLetter.js';
import type { DeadLetterContext } from './DeadLetterContext.js';

/** What a decision about a job ends with that is not, or no longer, among the failed ones. */
export function unknownDeadLetter(): AnalyticsError {
  return new AnalyticsError('DEAD_LETTER_UNKNOWN', 'No dead letter has this id: it never was one, or was retried or dropped meanwhile. List them anew.');
}

/** Each id's job among the failed ones of any queue; undefined where it is not. In one round trip. */
export async function findFailed({ redis, queues }: Pick<DeadLetterContext, 'redis' | 'queues'>, ids: readonly string[]): Promise<(FailedJob | undefined)[]> {
  const pipeline = pipelineOf(redis);
  for (const id of ids) for (const title of queueTitles) pipeline.zscore(queues[title].toKey('failed'), id);
  const scores = ((await pipeline.exec()) ?? []).map(([error, score]) => {
    if (error) throw error;
    return score as string | null; // what ZSCORE answers
  });
  return ids.map((id, place) => {
    for (const [offset, queue] of queueTitles.entries()) {
      const score = scores[place * queueTitles.length + offset];
      if (score != null) return { queue, id, failedAt: Number(score) };
    }
    return undefined;
  });
}
