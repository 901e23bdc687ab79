import { setTimeout as sleep } from 'node:timers/promises';

import { refusedDangers } from '../checks/redisDangers.js';
import type { Config } from '../config/parseConfig.js';
import { nameOfPlace, placeVariable } from '../config/redisPlace.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import type { Logger } from '../logging/createLogger.js';
import { inspectRedis, type RedisFinding } from './inspectRedis.js';

const LOOK_EVERY_MS = 500;
const SAY_EVERY_MS = 30_000;

export type AnsweringRedis = Extract<RedisFinding, { state: 'answering' }>;

/**
 * Waits until Redis answers, for ever, and says so now and then: a worker that ends because Redis is late would only be
 * started again.
 *
 * @returns what was found, or undefined if `signal` was aborted first
 * @throws ConfigurationError when waiting does not help: another program, a wrong password, a version that is too old,
 *   or one that deletes data; in production also one that keeps none over a restart
 */
export async function awaitRedis(config: Config, logger: Logger, signal: AbortSignal): Promise<AnsweringRedis | undefined> {
  let saidAt = -Infinity;
  while (!signal.aborted) {
    const found = await inspectRedis(config);
    if (found.state === 'refused') throw new ConfigurationError([`${placeVariable(config)}: ${found.reason}`]);
    if (found.state === 'answering') {
      if (saidAt !== -Infinity) logger.info('Redis answers.');
      refuseDangers(config, found);
      return found;
    }
    if (performance.now() - saidAt >= SAY_EVERY_MS) {
      saidAt = performance.now();
      logger.warn('Waiting for Redis.', { state: found.state, host: nameOfPlace(config) });
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
  }
  return undefined;
}

function refuseDangers(config: Config, { dangers }: AnsweringRedis): void {
  const at = `${placeVariable(config)} (${nameOfPlace(config)})`;
  const refused = refusedDangers(dangers, config);
  if (refused.length > 0) throw new ConfigurationError(refused.map(({ sentence }) => `${at}: ${sentence}`));
  if (dangers.length === 0) return;
  const lines = dangers.map(({ sentence }) => `  - ${sentence}`).join('\n');
  process.stderr.write(`\n!! The Redis at ${nameOfPlace(config)} can lose data.\n${lines}\n\n`);
}
