import type { Redis } from 'ioredis';

/** The connection of a worker that is gone after so many scripts of a round trip: these were done, and nobody heard of it. */
export function dyingRedis(redis: Redis, scripts: number): Redis {
  const dying = {
    hset: redis.hset.bind(redis),
    pipeline() {
      const pipeline = redis.pipeline();
      let asked = 0;
      return {
        callBuffer(...call: [string, ...(string | Buffer | number)[]]) {
          asked += 1;
          if (asked <= scripts) pipeline.callBuffer(...call);
        },
        async exec() {
          const replies = (await pipeline.exec()) ?? [];
          // Redis was started again, and wants the scripts whole: no death yet.
          if (replies.some(([error]) => error?.message.startsWith('NOSCRIPT'))) return Array.from({ length: asked }, () => replies[0]);
          throw new Error('The worker died.');
        },
      };
    },
  };
  return dying as unknown as Redis; // all that the stores ask of it
}
