import { Redis } from 'ioredis';

const MOST_KEYS = 2000;
const MOST_READ = 40;

/** Some strings of a server, of keys that are called differently: the first ten of each. None when it does not answer. */
export async function sampleKeyspace(port: number): Promise<Buffer[]> {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => null, maxRetriesPerRequest: 0, commandTimeout: 1500, enableReadyCheck: false });
  redis.on('error', () => undefined);
  try {
    const byKind = new Map<string, Buffer>();
    let cursor = '0';
    for (let seen = 0; seen < MOST_KEYS; ) {
      const [next, names] = await redis.scanBuffer(cursor, 'COUNT', 500);
      for (const name of names) byKind.set(name.toString('latin1').replaceAll(/[^ -~]+|[0-9a-f]{6,}|\d+/g, '#'), name);
      cursor = next.toString();
      seen += Math.max(names.length, 1);
      if (cursor === '0') break;
    }
    const found: Buffer[] = [];
    for (const name of [...byKind.values()].slice(0, MOST_READ)) found.push(...(await someOf(redis, name)));
    return found;
  } catch {
    return []; // it is stopped, or wants a password: `askToSave` says which
  } finally {
    redis.disconnect();
  }
}

async function someOf(redis: Redis, name: Buffer): Promise<Buffer[]> {
  const flat = (value: unknown): Buffer[] => (Buffer.isBuffer(value) ? [value] : Array.isArray(value) ? value.flatMap(flat) : []);
  switch (await redis.type(name)) {
    case 'string':
      return flat(await redis.getBuffer(name));
    case 'hash':
      return flat(await redis.callBuffer('HRANDFIELD', name, 10, 'WITHVALUES'));
    case 'list':
      return flat(await redis.lrangeBuffer(name, 0, 9));
    case 'set':
      return flat(await redis.callBuffer('SRANDMEMBER', name, 10));
    case 'zset':
      return flat(await redis.callBuffer('ZRANGE', name, 0, 9));
    case 'stream':
      return flat(await redis.callBuffer('XRANGE', name, '-', '+', 'COUNT', 10));
    default:
      return [];
  }
}
