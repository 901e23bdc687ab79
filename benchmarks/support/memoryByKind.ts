import type { Redis } from 'ioredis';

/**
 * Bytes that each kind of key takes of Redis. Kinds are the parts of the name between the prefix and the placeholder:
 * `events:processed`, `events:feed`.
 */
export async function memoryByKind(redis: Redis): Promise<ReadonlyMap<string, number>> {
  const kinds = new Map<string, number>();
  for (let cursor = '0'; ; ) {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1000);
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    for (const [place, key] of keys.entries()) {
      const kind = key.split(':').slice(1, 3).join(':');
      kinds.set(kind, (kinds.get(kind) ?? 0) + (sizes[place] ?? 0));
    }
    if (next === '0') return kinds;
    cursor = next;
  }
}

/** The same in words, for each of `count` events or samples, the largest first. */
export function describeKinds(kinds: ReadonlyMap<string, number>, count: number): string {
  return [...kinds]
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, bytes]) => [kind, bytes / count] as const)
    .filter(([, bytes]) => bytes >= 0.05)
    .map(([kind, bytes]) => `${kind} ${bytes.toFixed(1)}`)
    .join(', ');
}
