import type { Redis } from 'ioredis';

/** The connection, and something that is told the number of each call, from 1, before it is made. */
export function onCall(redis: Redis, told: (calls: number) => void): Redis {
  let calls = 0;
  return new Proxy(redis, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        calls += 1;
        told(calls);
        return Reflect.apply(value, target, given) as unknown; // whatever the method gives
      };
    },
  });
}
