import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { pipelineOf } from './pipelineOf.js';
import type { RedisClient } from './RedisClient.js';

export type ScriptArgument = string | number | Buffer;

export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly ScriptArgument[];
}

/**
 * One Lua script. It is sent by its hash, and whole only when Redis does not know it (after a restart, a failover or
 * SCRIPT FLUSH).
 */
export class Script {
  readonly #source: string;
  readonly #sha: string;

  constructor(name: string) {
    this.#source = readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8');
    this.#sha = createHash('sha1').update(this.#source).digest('hex');
  }

  async run(redis: RedisClient, call: ScriptCall): Promise<unknown> {
    const [reply] = await this.runMany(redis, [call]);
    return reply;
  }

  /** As `run`, without a pipeline around the one command: 20 µs less, for what somebody waits for. */
  async runLone(redis: RedisClient, { keys, args }: ScriptCall): Promise<unknown> {
    try {
      return await redis.callBuffer('evalsha', this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.callBuffer('eval', this.#source, keys.length, ...keys, ...args);
    }
  }

  /**
   * Runs the calls in one round trip, each by itself: one that fails does not keep the others from being done.
   * @returns the replies in order, bulk strings as Buffers
   * @throws the first error that a call met, after all have been answered
   */
  async runMany(redis: RedisClient, calls: readonly ScriptCall[]): Promise<unknown[]> {
    const replies = await this.#send(redis, calls, 'evalsha', this.#sha);
    const unknown = replies.flatMap(([error], place) => (error?.message.startsWith('NOSCRIPT') ? [place] : []));
    if (unknown.length > 0) {
      const again = await this.#send(redis, unknown.map((place) => calls[place]!), 'eval', this.#source);
      for (const [index, place] of unknown.entries()) replies[place] = again[index]!;
    }
    return replies.map(([error, reply]) => {
      if (error) throw error;
      return reply;
    });
  }

  async #send(redis: RedisClient, calls: readonly ScriptCall[], command: 'eval' | 'evalsha', script: string): Promise<[Error | null, unknown][]> {
    const pipeline = pipelineOf(redis);
    for (const { keys, args } of calls) pipeline.callBuffer(command, script, keys.length, ...keys, ...args);
    return (await pipeline.exec()) ?? [];
  }
}

const scripts = new Map<string, Script>();

/** The script of that name, read once in a process. */
export function script(name: string): Script {
  let known = scripts.get(name);
  if (known === undefined) {
    known = new Script(name);
    scripts.set(name, known);
  }
  return known;
}
