import { queueTitles, type QueueTitle } from '../../queues/names.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import type { FailedJob } from './DeadLetter.js';
import type { FailureCode } from './failureCode.js';
import { readDeadLetters } from './readDeadLetters.js';
import { walkFailed } from './walkFailed.js';

/** How many dead letters there are of what. */
export interface DeadLetterCount {
  readonly queue: QueueTitle;
  readonly reason: FailureCode;
  readonly count: number;
  /** When the first of them failed, ms since 1970. */
  readonly oldestAt: number;
}

export interface DeadLetterCounts {
  readonly counts: readonly DeadLetterCount[];
  /** Dead letters that were looked at: the latest. Where there are more, they are not in `counts`. */
  readonly counted: number;
  readonly total: number;
}

/** Jobs that are looked at: 10,000 take 0.3 s of this process's time. */
const MOST_COUNTED = 10_000;
const READ_AT_ONCE = 200;

/** Counts them by queue and reason. */
export async function countDeadLetters(context: Pick<DeadLetterContext, 'redis' | 'queues'>): Promise<DeadLetterCounts> {
  const { redis, queues } = context;
  const totals = await Promise.all(queueTitles.map(async (title) => redis.zcard(queues[title].toKey('failed'))));
  const found = new Map<string, DeadLetterCount>();
  let counted = 0;
  let gathered: FailedJob[] = [];
  const take = async (): Promise<void> => {
    for (const { queue, reason, failedAt } of await readDeadLetters(context, gathered)) {
      const name = `${queue} ${reason}`;
      // They come latest first.
      found.set(name, { queue, reason, count: (found.get(name)?.count ?? 0) + 1, oldestAt: failedAt });
    }
    counted += gathered.length;
    gathered = [];
  };
  for await (const job of walkFailed(context, queueTitles)) {
    gathered.push(job);
    if (gathered.length === READ_AT_ONCE) await take();
    if (counted >= MOST_COUNTED) break;
  }
  await take();
  return { counts: [...found.values()], counted, total: totals.reduce((sum, total) => sum + total, 0) };
}
