import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script, type ScriptCall } from '../redis/Script.js';

/**
 * Runs one bounded step of the clean-up.
 * @returns what the script says after 'removed'; undefined when it says 'in use'
 * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else
 */
export async function runStep(redis: RedisClient, name: string, call: ScriptCall): Promise<readonly number[] | undefined> {
  const [word, ...values] = (await script(name).run(redis, call)) as [Buffer, ...(number | Buffer)[]]; // what our scripts answer
  switch (word.toString()) {
    case 'removed':
      return values.map(Number);
    case 'in use':
      return undefined;
    default:
      throw new AnalyticsError(
        'STORE_INCONSISTENT',
        `A key of the store (place ${String(values[0])} of ${name}) holds a value of another type. Does another program use this REDIS_PREFIX?`,
      );
  }
}
