import type { Config } from '../config/parseConfig.js';
import { placeVariable } from '../config/redisPlace.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { readHeartbeats } from '../monitoring/readHeartbeats.js';
import { ownRelease } from '../monitoring/release.js';
import type { Keys } from '../redis/keys.js';
import { isCluster, type RedisClient } from '../redis/RedisClient.js';
import { checkKeySpace } from './checkKeySpace.js';
import { checkReleases } from './checkReleases.js';
import { parseInfo, redisDangers, refusedDangers } from './redisDangers.js';

/**
 * What an application's service looks at before its first call is answered: whether Redis may delete or forget what it is
 * given, whether the key space is ours, and whether the processes that run can read what it writes. Some 25 ms, once.
 *
 * @throws ConfigurationError with everything that was found; nothing was written
 */
export async function checkService(redis: RedisClient, keys: Keys, config: Config): Promise<void> {
  const nodes = isCluster(redis) ? redis.nodes('master') : [redis];
  const [infos, keySpace, heartbeats] = await Promise.all([
    Promise.all(nodes.map(async (node) => node.info())),
    checkKeySpace(redis, keys, config.ANALYTICS_ALLOW_FOREIGN_KEYS),
    // Where a key holds something else than it has to, that is said and not what reading it met.
    readHeartbeats(redis, keys).catch(() => []),
  ]);
  const dangers = infos.flatMap((info) => refusedDangers(redisDangers(parseInfo(info)), config));
  const refused = [
    ...dangers.map(({ sentence }) => `${placeVariable(config)}: ${sentence}`),
    ...[...keySpace, ...checkReleases(ownRelease(), heartbeats)].flatMap(({ kind, sentence }) => (kind === 'refuse' ? [sentence] : [])),
  ];
  if (refused.length > 0) throw new ConfigurationError([...new Set(refused)]);
}
