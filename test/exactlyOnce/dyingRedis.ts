import type { Redis } from 'ioredis';

/** The connection of a worker that is gone after so many scripts of a round trip: these were done, and nobody heard of it. */
export function dyingRedis(redis: Redis, scripts: number): Redis {
  let asked = 0;
  let first: Promise<unknown> = Promise.resolve();
  const callBuffer = async (...call: [string, ...(string | Buffer | number)[]]) => {
    // All of a round trip are asked for in one turn.
    if (asked === 0) queueMicrotask(() => (asked = 0));
    asked += 1;
    const sent = asked <= scripts ? redis.callBuffer(...call) : undefined;
    if (asked === 1) first = sent ?? Promise.resolve();
    // Redis was started again, and wants the scripts whole: no death yet.
    await (sent ?? first);
    throw new Error('The worker died.');
  };
  return new Proxy(redis, {
    get(target, property) {
      if (property === 'callBuffer') return callBuffer;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
