/** A process that asks the naive store: the hash of JSON by way of the sorted set of ids. */
import { Redis } from 'ioredis';

import { TIMELINE_TYPE } from '../data/timeline.js';
import { serveReader, type Question } from '../support/reader.js';
import { naiveNames } from './naiveNames.js';

const events = naiveNames.events(TIMELINE_TYPE);
const times = naiveNames.times(TIMELINE_TYPE);
/** Fields that one HSCAN returns: with 100 it takes twice as long, with 10,000 no less. */
const PAGE = 1000;

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

/** Fetches and parses everything, the next page on its way while one is parsed. */
async function count(redis: Redis, page: string): Promise<number> {
  let found = 0;
  let next = redis.hscan(events, '0', 'COUNT', PAGE);
  for (;;) {
    const [cursor, fields] = await next;
    if (cursor !== '0') next = redis.hscan(events, cursor, 'COUNT', PAGE);
    for (let at = 1; at < fields.length; at += 2) {
      const event = JSON.parse(fields[at] ?? 'null') as { properties: { page?: unknown } };
      if (event.properties.page === page) found += 1;
    }
    if (cursor === '0') return found;
  }
}
