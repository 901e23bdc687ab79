import { queueTitles, type QueueTitle } from '../../queues/names.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import type { FailedJob } from './DeadLetter.js';

const PAGE = 500;

/**
 * The failed jobs of the queues after `from`, latest first; of one time by queue, then by id from the last. A job that fails
 * again while this goes on stands before the place that is reached, so that who retries each comes to an end.
 *
 * Goes on by time and id, never by rank: jobs that leave the set meanwhile make it skip none.
 */
export async function* walkFailed(
  { redis, queues }: Pick<DeadLetterContext, 'redis' | 'queues'>,
  titles: readonly QueueTitle[],
  from?: FailedJob,
): AsyncGenerator<FailedJob, void, undefined> {
  const walks = await Promise.all(
    titles.map(async (title) => {
      const walk = walkQueue(redis, title, queues[title].toKey('failed'), from);
      return { walk, next: (await walk.next()).value };
    }),
  );
  for (;;) {
    const heads = walks.filter((one): one is typeof one & { next: FailedJob } => one.next !== undefined);
    const [first] = heads.toSorted((a, b) => compareFailed(a.next, b.next));
    if (first === undefined) return;
    yield first.next;
    first.next = (await first.walk.next()).value as FailedJob; // undefined at its end, which `heads` looks for
  }
}

/** The order in which failed jobs are listed. */
export function compareFailed(a: FailedJob, b: FailedJob): number {
  return b.failedAt - a.failedAt || queueTitles.indexOf(a.queue) - queueTitles.indexOf(b.queue) || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id));
}

async function* walkQueue(redis: RedisClient, queue: QueueTitle, key: string, from: FailedJob | undefined): AsyncGenerator<FailedJob, undefined, undefined> {
  let most = from === undefined ? '+inf' : String(from.failedAt);
  for (;;) {
    const found = await redis.zrevrangebyscore(key, most, '-inf', 'WITHSCORES', 'LIMIT', 0, PAGE);
    const score = found.at(-1);
    if (score === undefined) return undefined;
    const isLast = found.length < 2 * PAGE;
    // The page may cut those of its last time: these are read as a whole.
    if (!isLast) {
      const cut = found.findIndex((text, place) => place % 2 === 1 && text === score) - 1;
      found.splice(cut, found.length, ...(await redis.zrevrangebyscore(key, score, score, 'WITHSCORES')));
    }
    for (let place = 0; place < found.length; place += 2) {
      const job: FailedJob = { queue, id: found[place]!, failedAt: Number(found[place + 1]) };
      if (from === undefined || compareFailed(from, job) < 0) yield job;
    }
    if (isLast) return undefined;
    most = `(${score}`;
  }
}
