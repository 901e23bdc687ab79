import { inflateRawSync, constants } from 'node:zlib';

import type { Redis } from 'ioredis';

/** One string that Redis holds: a key's name, a value, a field, a member or a part of a stream's entry. */
export interface RedisString {
  readonly key: string;
  readonly bytes: Buffer;
}

/** Every string in the database: names, values, fields, members, stream entries, of BullMQ too. */
export async function redisStrings(redis: Redis): Promise<RedisString[]> {
  const found: RedisString[] = [];
  let cursor = '0';
  do {
    const [next, names] = await redis.scanBuffer(cursor, 'COUNT', 1000);
    cursor = next.toString();
    for (const name of names) {
      const key = name.toString('latin1');
      found.push({ key, bytes: name });
      for (const bytes of await stringsOf(redis, name)) found.push({ key, bytes });
    }
  } while (cursor !== '0');
  return found;
}

async function stringsOf(redis: Redis, name: Buffer): Promise<Buffer[]> {
  const type = await redis.type(name);
  const flat = (value: unknown): Buffer[] => (Buffer.isBuffer(value) ? [value] : Array.isArray(value) ? value.flatMap(flat) : []);
  switch (type) {
    case 'string':
      return flat(await redis.getBuffer(name));
    case 'hash':
      return flat(await redis.callBuffer('HGETALL', name));
    case 'list':
      return flat(await redis.lrangeBuffer(name, 0, -1));
    case 'set':
      return flat(await redis.smembersBuffer(name));
    case 'zset':
      return flat(await redis.callBuffer('ZRANGE', name, 0, -1, 'WITHSCORES'));
    case 'stream':
      return flat(await redis.xrangeBuffer(name, '-', '+'));
    default:
      throw new Error(`The scan does not know type ${type}.`);
  }
}

const MOST_HEADER_BYTES = 64;
/** Too little to hold a compressed canary. */
const LEAST_BYTES = 16;

/**
 * What comes out of `bytes` if they are no more than compressed: deflate (raw, zlib or gzip) beginning anywhere in the
 * first 64 bytes, of the bytes themselves or of base64 in them. A scan for text alone would take compressed for sealed.
 */
export function inflated(bytes: Buffer): Buffer[] {
  const base64 = bytes.toString('latin1').match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [];
  if (bytes.length < LEAST_BYTES) return [];
  return [bytes, ...base64.map((text) => Buffer.from(text, 'base64'))].flatMap((candidate) => {
    const texts: Buffer[] = [];
    for (let start = 0; start < Math.min(MOST_HEADER_BYTES, candidate.length); start += 1) {
      try {
        const text = inflateRawSync(candidate.subarray(start), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 20 });
        if (text.length > 0) texts.push(text);
      } catch {
        // Not deflate from here on.
      }
    }
    return texts;
  });
}
