import type { Environment } from './environment.js';
import type { HostPort } from './hostList.js';

type PlaceVariable = 'REDIS_URL' | 'REDIS_CLUSTER' | 'REDIS_SENTINELS';

/** What says where Redis is, and how to sign in. `REDIS_URL` is enough. */
export type RedisConfig = Readonly<Pick<Environment, 'REDIS_URL'> & Partial<Pick<Environment, Extract<keyof Environment, `REDIS_${string}`>>>>;

/** The variables of which one says where Redis is. */
export const placeVariables: readonly PlaceVariable[] = ['REDIS_URL', 'REDIS_CLUSTER', 'REDIS_SENTINELS'];

/** @returns what is wrong with these variables together */
export function placeIssues(given: Readonly<Record<string, string | undefined>>): string[] {
  const set = placeVariables.filter((name) => given[name] !== undefined);
  return set.length > 1 ? [`${set.join(', ')}: set one of them only. They are three ways to say where Redis is.`] : [];
}

/** Host and port of what was configured, for people, without what signs in. */
export function nameOfPlace(config: RedisConfig): string {
  if (config.REDIS_CLUSTER !== undefined) return `cluster ${listOf(config.REDIS_CLUSTER)}`;
  if (config.REDIS_SENTINELS !== undefined) return `${config.REDIS_SENTINEL_NAME ?? 'mymaster'} of sentinels ${listOf(config.REDIS_SENTINELS)}`;
  return new URL(config.REDIS_URL).host;
}

/** The variable that says where Redis is, for messages. */
export function placeVariable(config: RedisConfig): PlaceVariable {
  if (config.REDIS_CLUSTER !== undefined) return 'REDIS_CLUSTER';
  return config.REDIS_SENTINELS === undefined ? 'REDIS_URL' : 'REDIS_SENTINELS';
}

/** Whether connections to Redis are made over TLS. */
export function isRedisTls(config: RedisConfig): boolean {
  return config.REDIS_TLS === true || (placeVariable(config) === 'REDIS_URL' && config.REDIS_URL.startsWith('rediss:'));
}

function listOf(hosts: readonly HostPort[]): string {
  return hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
}
