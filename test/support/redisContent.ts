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
    case 'none':
      return []; // it has expired since it was listed
    default:
      throw new Error(`The scan does not know type ${type}.`);
  }
}

/** The strings of commands and replies as they pass, and as an append-only file keeps them. */
export function bulkStrings(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf('$'); at >= 0; ) {
    const end = bytes.indexOf('\r\n', at);
    const digits = end < 0 || end - at > 10 ? '' : bytes.toString('latin1', at + 1, end);
    if (!/^\d+$/.test(digits)) {
      at = bytes.indexOf('$', at + 1);
      continue;
    }
    const start = end + 2;
    found.push(bytes.subarray(start, start + Number(digits)));
    at = bytes.indexOf('$', start + Number(digits));
  }
  return found;
}
