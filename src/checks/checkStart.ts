import type { Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import type { Logger } from '../logging/createLogger.js';
import { readHeartbeats } from '../monitoring/readHeartbeats.js';
import { ownRelease } from '../monitoring/release.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { checkClock } from './checkClock.js';
import { checkKeySpace } from './checkKeySpace.js';
import { checkReleases } from './checkReleases.js';
import { checkRestore } from './checkRestore.js';

/**
 * Refuses to start where that cannot be safe, and says what to do. What is doubtful only is said.
 *
 * @throws ConfigurationError with everything that was found, not only the first
 */
export async function checkStart(redis: RedisClient, keys: Keys, config: Pick<Config, 'ANALYTICS_ALLOW_FOREIGN_KEYS'>, logger: Logger): Promise<void> {
  // Keys first: what they hold cannot be read where another program wrote them.
  const found = await checkKeySpace(redis, keys, config.ANALYTICS_ALLOW_FOREIGN_KEYS);
  if (found.every(({ kind }) => kind === 'warn')) {
    found.push(...(await checkRestore(redis, keys)), ...(await checkClock(redis)), ...checkReleases(ownRelease(), await readHeartbeats(redis, keys)));
  }
  const refused = found.filter(({ kind }) => kind === 'refuse').map(({ sentence }) => sentence);
  if (refused.length > 0) throw new ConfigurationError(refused);
  if (found.length === 0) return;
  // The log's sentences are constants; these are for a person.
  logger.warn('Something here is doubtful; the lines beside this one say what.', { count: found.length });
  process.stderr.write(found.map(({ sentence }) => `!! ${sentence}\n`).join(''));
}
