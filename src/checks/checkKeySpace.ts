import type { Redis } from 'ioredis';

import { createKeyRecognizer } from '../redis/knownKeys.js';
import type { Keys } from '../redis/keys.js';
import { isCluster, type RedisClient } from '../redis/RedisClient.js';
import type { Finding } from './Finding.js';

/** A store may have millions of keys; a start looks at these many, which takes some 20 ms. */
const SAMPLE = 10_000;
const AT_ONCE = 1000;

/** Looks for keys under our prefix that are another program's, and for keys of ours that hold something else. */
export async function checkKeySpace(redis: RedisClient, keys: Keys, isAllowed: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { looked, strangers, places } = await sample(isCluster(redis) ? redis.nodes('master')[0] : redis, keys);
  if (strangers > 0) {
    findings.push({
      kind: isAllowed ? 'warn' : 'refuse',
      sentence:
        `REDIS_PREFIX (${keys.prefix}): ${strangers} of ${looked} keys that were looked at are not of this service (${places.join(', ')}). ` +
        'Give it a prefix of its own, or remove them. If they may stay, set ANALYTICS_ALLOW_FOREIGN_KEYS=true.',
    });
  }
  const wrong = await wrongTypes(redis, keys);
  if (wrong.length > 0) {
    findings.push({ kind: 'refuse', sentence: `REDIS_PREFIX (${keys.prefix}): another program has written ${wrong.join(', ')}. Give this service a prefix of its own.` });
  }
  return findings;
}

async function sample(redis: Redis | undefined, keys: Keys): Promise<{ looked: number; strangers: number; places: string[] }> {
  const isOurs = createKeyRecognizer(keys);
  const places = new Set<string>();
  let looked = 0;
  let strangers = 0;
  let cursor = '0';
  for (let round = 0; redis !== undefined && round < SAMPLE / AT_ONCE; round += 1) {
    const [next, found] = await redis.scan(cursor, 'MATCH', `${keys.prefix}*`, 'COUNT', AT_ONCE);
    looked += found.length;
    for (const key of found) {
      if (isOurs(key)) continue;
      strangers += 1;
      if (places.size < 3) places.add(placeOf(key, keys.prefix));
    }
    cursor = next;
    if (cursor === '0') break;
  }
  return { looked, strangers, places: [...places] };
}

/** Where a key stands, without the rest of its name: it may be a person's. */
function placeOf(key: string, prefix: string): string {
  const [first = '', ...rest] = key.slice(prefix.length).split(':');
  return `${prefix}${/^[a-z][a-z0-9_-]{0,31}$/i.test(first) && rest.length > 0 ? first : ''}${rest.length > 0 ? ':' : ''}…`;
}

/** Of the keys that are there once, those whose type is another than it has to be. */
async function wrongTypes(redis: RedisClient, keys: Keys): Promise<string[]> {
  const wanted = new Map([
    ...[keys.eventCatalogue, keys.metricCatalogue, keys.keyIdentity, keys.cleanupStatus, keys.mergeStatus, keys.storeFigures, keys.canary].map((key) => [key, 'hash'] as const),
    [keys.heartbeats, 'set'],
  ]);
  const types = await Promise.all([...wanted.keys()].map(async (key) => redis.type(key)));
  return [...wanted].flatMap(([key, type], place) => (types[place] === type || types[place] === 'none' ? [] : [key]));
}
