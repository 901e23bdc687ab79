/** A process that asks the naive store: the hash of JSON by way of the sorted set of ids. */
import { Redis } from 'ioredis';

import { TIMELINE_TYPE } from '../data/timeline.js';
import { serveReader, type Question } from '../support/reader.js';
import { naiveNames } from './naiveNames.js';

const events = naiveNames.events(TIMELINE_TYPE);
const times = naiveNames.times(TIMELINE_TYPE);
/** Events that are fetched at once, and pages that are on their way: neither more nor fewer make it faster. */
const PAGE = 1000;
const AHEAD = 4;

serveReader(async () => {
  const redis = new Redis(process.env['REDIS_URL'] ?? '', { protocol: 2, maxRetriesPerRequest: null });
  await redis.ping();
  return {
    answer: (question) => answer(redis, question),
    async close() {
      redis.disconnect();
    },
  };
});

async function answer(redis: Redis, question: Question): Promise<unknown> {
  switch (question.kind) {
    case 'newest':
      return eventsOf(redis, await redis.zrevrange(times, 0, question.limit - 1));
    case 'page':
      return eventsOf(redis, await idsOfPage(redis, question));
    case 'count':
      return count(redis, question.page);
    case 'mean':
      throw new Error('The naive store holds no samples.');
  }
}

/** By score is how a page of a time range is found; by rank only works without one. */
function idsOfPage(redis: Redis, { offset, limit, isByRank = false }: Extract<Question, { kind: 'page' }>): Promise<string[]> {
  if (isByRank) return redis.zrevrange(times, offset, offset + limit - 1);
  return redis.zrevrangebyscore(times, '+inf', '-inf', 'LIMIT', offset, limit);
}

async function eventsOf(redis: Redis, ids: readonly string[]): Promise<unknown[]> {
  const texts = await redis.hmget(events, ...ids);
  return texts.map((text) => JSON.parse(text ?? 'null') as unknown);
}

/** Fetches and parses everything, some pages on their way while one is parsed. HSCAN takes a sixth longer. */
async function count(redis: Redis, page: string): Promise<number> {
  const total = await redis.zcard(times);
  const load = async (from: number) => redis.hmget(events, ...(await redis.zrange(times, String(from), String(from + PAGE - 1))));
  const coming: Promise<(string | null)[]>[] = [];
  let found = 0;
  for (let from = 0; from < total + AHEAD * PAGE; from += PAGE) {
    if (from < total) coming.push(load(from));
    if (from < (AHEAD - 1) * PAGE) continue;
    for (const text of (await coming.shift()) ?? []) {
      const event = JSON.parse(text ?? 'null') as { properties: { page?: unknown } };
      if (event.properties.page === page) found += 1;
    }
  }
  return found;
}
