import type { Queue } from 'bullmq';

import { pipelineOf } from '../../redis/pipelineOf.js';
import type { RedisClient } from '../../redis/RedisClient.js';

/** A job of a queue of batches, with what it carries as it rests. */
export interface WaitingJob {
  readonly id: string;
  /** Whether it was given up. */
  readonly isDead: boolean;
  /** JSON. */
  readonly data: string;
}

/** Places of jobs in the order in which most jobs move through them, so that one that moves meanwhile is met further on. */
const PLACES = [
  { name: 'delayed', kind: 'zset' },
  { name: 'paused', kind: 'list' },
  { name: 'wait', kind: 'list' },
  { name: 'prioritized', kind: 'zset' },
  { name: 'active', kind: 'list' },
  { name: 'failed', kind: 'zset' },
] as const;
/** Jobs read at a time: about 2 MB. */
const AT_ONCE = 64;

/**
 * All jobs of a queue, whatever state they are in: each that is there all the time at least once. One that moves meanwhile
 * may be missed, or come twice.
 */
export async function* walkJobs(redis: RedisClient, queue: Queue): AsyncGenerator<WaitingJob> {
  for (const { name, kind } of PLACES) {
    const key = queue.toKey(name);
    for await (const ids of kind === 'list' ? pagesOfList(redis, key) : pagesOfSet(redis, key)) {
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const some = ids.slice(from, from + AT_ONCE);
        const found = await readData(redis, queue, some);
        for (const [place, data] of found.entries()) if (data !== null) yield { id: some[place]!, isDead: name === 'failed', data };
      }
    }
  }
}

async function readData(redis: RedisClient, queue: Queue, ids: readonly string[]): Promise<(string | null)[]> {
  const pipeline = pipelineOf(redis);
  for (const id of ids) pipeline.hget(queue.toKey(id), 'data');
  return ((await pipeline.exec()) ?? []).map(([error, data]) => {
    if (error) throw error;
    return data as string | null; // what HGET answers
  });
}

/** Jobs have priorities, so lists are short: the active ones, and a few that were put forward. */
async function* pagesOfList(redis: RedisClient, key: string): AsyncGenerator<string[]> {
  yield await redis.lrange(key, 0, -1);
}

async function* pagesOfSet(redis: RedisClient, key: string): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, members] = await redis.zscan(key, cursor, 'COUNT', 1000);
    yield members.filter((_, place) => place % 2 === 0);
    cursor = next;
  } while (cursor !== '0');
}
