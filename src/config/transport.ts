import type { Config } from './parseConfig.js';
import { isLoopback } from './isLoopback.js';
import { isRedisTls, placeVariable, type RedisConfig } from './redisPlace.js';

type Given = Readonly<Record<string, string | undefined>>;

const pairs = [
  ['ANALYTICS_TLS_CERT_FILE', 'ANALYTICS_TLS_KEY_FILE'],
  ['REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE'],
] as const;

/** @returns what is wrong with the variables that name files of TLS, taken together */
export function tlsFileIssues(given: Given): string[] {
  const issues = pairs.flatMap(([cert, key]) => {
    if ((given[cert] === undefined) === (given[key] === undefined)) return [];
    return [`${cert}, ${key}: set both. A certificate and its key belong together.`];
  });
  // With a file for TLS and no TLS somebody would believe the connection to be safe.
  const isTls = given['REDIS_TLS'] === 'true' || given['ANALYTICS_KEY_STORE_URL']?.startsWith('rediss:') === true || (given['REDIS_CLUSTER'] === undefined && given['REDIS_SENTINELS'] === undefined && given['REDIS_URL']?.startsWith('rediss:') === true);
  const idle = isTls || given['ANALYTICS_KEY_STORE_URL']?.startsWith('rediss:') === true ? [] : ['REDIS_TLS_CA_FILE', 'REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE'].filter((name) => given[name] !== undefined);
  if (idle.length > 0) issues.push(`REDIS_TLS, ${idle.join(', ')}: files are named, but Redis is not asked for TLS. Set REDIS_TLS=true, or begin REDIS_URL with rediss://.`);
  return issues;
}

/**
 * Production sends nothing to Redis in clear over a network. A Redis at a loopback address is reached without one, and so
 * is what a tunnel on this machine listens with. A cluster and sentinels name other addresses, so they get no such leave.
 *
 * @returns why production may not start with this configuration
 */
export function redisTransportIssues(config: RedisConfig & Pick<Config, 'isProduction' | 'REDIS_TLS_BY_PROXY' | 'ANALYTICS_KEY_STORE_URL'>): string[] {
  if (!config.isProduction || config.REDIS_TLS_BY_PROXY) return [];
  const variable = placeVariable(config);
  const how = variable === 'REDIS_URL' ? 'Begin it with rediss://' : 'Set REDIS_TLS=true';
  const isSafe = isRedisTls(config) || (variable === 'REDIS_URL' && staysHere(config.REDIS_URL));
  const keyStore = config.ANALYTICS_KEY_STORE_URL;
  return [
    ...(isSafe ? [] : [`${variable}: production does not talk to Redis in clear over a network. ${how}, ${OTHERWISE}`]),
    ...(keyStore === undefined || keyStore.startsWith('rediss:') || staysHere(keyStore)
      ? []
      : [`ANALYTICS_KEY_STORE_URL: production does not talk to Redis in clear over a network. Begin it with rediss://, ${OTHERWISE}`]),
  ];
}

const OTHERWISE = 'or say that something else encrypts it: REDIS_TLS_BY_PROXY=true. See docs/hardening.md.';

function staysHere(url: string): boolean {
  return isLoopback(new URL(url).hostname);
}
