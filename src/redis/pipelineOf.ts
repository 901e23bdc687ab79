import type { ChainableCommander } from 'ioredis';

import { isCluster, type RedisClient } from './RedisClient.js';

/**
 * Commands that go in one round trip, each answered by itself, as with `redis.pipeline()`. A cluster takes a pipeline only for
 * keys of one of its nodes, and sends none of it again when a slot moved under a part of it: there each command goes for
 * itself, all in one turn, and finds its node.
 */
export function pipelineOf(redis: RedisClient): ChainableCommander {
  if (!isCluster(redis)) return redis.pipeline();
  const replies: Promise<[Error | null, unknown]>[] = [];
  const pipeline: ChainableCommander = new Proxy(redis as unknown as ChainableCommander, {
    get(_, name) {
      if (name === 'exec') return async () => Promise.all(replies);
      return (...args: unknown[]) => {
        // The methods of a cluster and of a pipeline have the same names and arguments.
        const send = Reflect.get(redis, name) as (...args: unknown[]) => Promise<unknown>;
        replies.push(
          send.apply(redis, args).then(
            (reply): [null, unknown] => [null, reply],
            (error: unknown): [Error, unknown] => [error as Error, undefined], // ioredis rejects with errors
          ),
        );
        return pipeline;
      };
    },
  });
  return pipeline;
}
