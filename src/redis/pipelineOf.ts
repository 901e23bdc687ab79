import type { ChainableCommander } from 'ioredis';

import { inOneWrite } from './inOneWrite.js';
import type { RedisClient } from './RedisClient.js';

type Send = (...args: unknown[]) => Promise<unknown>;
type Reply = [Error | null, unknown];

/**
 * Commands that go in one round trip, each answered by itself, as with `redis.pipeline()`. That one copies the connection's
 * commands and BullMQ's scripts to itself, 700 members, each time: 60 µs and 20 kB of garbage, more than the commands of a
 * query take. And a cluster takes a pipeline only for keys of one of its nodes, and sends none of it again when a slot moved
 * under a part of it; here each command finds its node by itself.
 */
export function pipelineOf(redis: RedisClient): ChainableCommander {
  const queued: { readonly name: string | symbol; readonly args: unknown[] }[] = [];
  const send = async ({ name, args }: (typeof queued)[number]): Promise<Reply> => {
    try {
      // The methods of a connection and of a pipeline have the same names and arguments.
      return [null, await (Reflect.get(redis, name) as Send).apply(redis, args)];
    } catch (error) {
      return [error as Error, undefined]; // ioredis rejects with errors
    }
  };
  const exec = async (): Promise<Reply[]> => Promise.all(inOneWrite(redis, () => queued.map(send)));
  const pipeline: ChainableCommander = new Proxy({} as ChainableCommander, {
    get(_, name) {
      if (name === 'exec') return exec;
      return (...args: unknown[]) => {
        queued.push({ name, args });
        return pipeline;
      };
    },
  });
  return pipeline;
}
