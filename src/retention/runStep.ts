import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script, type ScriptCall } from '../redis/Script.js';
import type { KeySeries } from '../security/keystore/KeyStore.js';
import type { CleanupRun } from './CleanupRun.js';

/**
 * Runs one bounded step of the clean-up.
 * @returns what the script says after 'removed'; undefined when it says 'in use'
 * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else
 */
export async function runStep(redis: RedisClient, name: string, call: ScriptCall): Promise<readonly number[] | undefined> {
  return (await answer(redis, name, call))?.map(Number);
}

/** A step that removes chunks: where their keys lie apart from the data, it destroys these. The other keys went with them. */
export async function runRemoval({ redis, dataKeys }: Pick<CleanupRun, 'redis' | 'dataKeys'>, series: KeySeries, name: string, call: ScriptCall): Promise<readonly number[]> {
  const reply = (await answer(redis, name, call)) ?? [];
  const chunkIds = reply.at(-1) as Buffer[]; // they come last
  if (dataKeys.isApart) await dataKeys.destroy(redis, series, chunkIds);
  return reply.slice(0, -1).map(Number);
}

async function answer(redis: RedisClient, name: string, call: ScriptCall): Promise<unknown[] | undefined> {
  const [word, ...values] = (await script(name).run(redis, call)) as [Buffer, ...unknown[]]; // what our scripts answer
  switch (word.toString()) {
    case 'removed':
      return values;
    case 'in use':
      return undefined;
    default:
      throw new AnalyticsError(
        'STORE_INCONSISTENT',
        `A key of the store (place ${String(values[0])} of ${name}) holds a value of another type. Does another program use this REDIS_PREFIX?`,
      );
  }
}
