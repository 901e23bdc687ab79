import { randomUUID } from 'node:crypto';

import type { Redis } from 'ioredis';

import type { ProducedEvent } from '../support/producer.js';
import { createProgress } from '../support/progress.js';
import { naiveNames } from './naiveNames.js';

const AT_ONCE = 1000;

/**
 * Stores events as the naive pipeline does, a hash of JSON and a sorted set of ids for each type, but a thousand at a time.
 *
 * @param next the next event, which has a time
 */
export async function fillNaive(
  redis: Redis,
  count: number,
  next: () => ProducedEvent & { readonly timestamp: number },
  say: (line: string) => void,
): Promise<void> {
  const progress = createProgress('naive store', count, say);
  let reply: Promise<unknown> = Promise.resolve();
  for (let stored = 0; stored < count; ) {
    const pipeline = redis.pipeline();
    for (const [type, { fields, scores }] of rowsByType(Math.min(AT_ONCE, count - stored), next)) {
      pipeline.hset(naiveNames.events(type), ...fields).zadd(naiveNames.times(type), ...scores);
    }
    await reply;
    reply = pipeline.exec();
    stored = Math.min(count, stored + AT_ONCE);
    progress(stored);
  }
  await reply;
}

interface TypeRows {
  readonly fields: string[];
  readonly scores: (string | number)[];
}

function rowsByType(count: number, next: () => ProducedEvent & { readonly timestamp: number }): Map<string, TypeRows> {
  const byType = new Map<string, TypeRows>();
  for (let made = 0; made < count; made += 1) {
    const event = next();
    const id = randomUUID();
    const rows = byType.get(event.type) ?? { fields: [], scores: [] };
    byType.set(event.type, rows);
    rows.fields.push(id, JSON.stringify({ id, ...event }));
    rows.scores.push(event.timestamp, id);
  }
  return byType;
}
