import { Redis } from 'ioredis';

import { parseInfo, redisDangers, type RedisDanger } from '../checks/redisDangers.js';
import { placeVariable, type RedisConfig } from '../config/redisPlace.js';
import { connectionOptions, openServer, signInOptions } from '../redis/connect.js';

/** What stands where the configuration says that Redis is. */
export type RedisFinding =
  | { readonly state: 'absent' }
  /** It loads its data and will answer soon. */
  | { readonly state: 'loading' }
  /** It has as many clients as it takes (`maxclients`). */
  | { readonly state: 'crowded' }
  /** Something answers that we cannot use; waiting does not mend it. */
  | { readonly state: 'refused'; readonly reason: string }
  | {
      readonly state: 'answering';
      readonly version: string;
      readonly processId: number;
      /** The folder of its data, where it tells (a managed Redis may not). */
      readonly folder: string | undefined;
      /** Why data could be lost there, empty if it is as it should be. */
      readonly dangers: readonly RedisDanger[];
    };

const LEAST_VERSION = [6, 2] as const;

const once = {
  ...connectionOptions('failFast', 'inspect'),
  lazyConnect: true,
  enableReadyCheck: false,
  retryStrategy: () => null,
  reconnectOnError: () => false,
} as const;

/**
 * Asks Redis once who it is, by INFO alone: managed services refuse CONFIG. Of a cluster it asks the first node that answers.
 * Takes 2 s at most for each that does not, and never throws.
 */
export async function inspectRedis(place: string | RedisConfig): Promise<RedisFinding> {
  const config = typeof place === 'string' ? { REDIS_URL: place } : place;
  let found: RedisFinding = { state: 'absent' };
  for (const redis of connections(config)) {
    found = await inspect(redis, config);
    if (found.state !== 'absent') break;
  }
  return found;
}

function* connections(config: RedisConfig): Generator<Redis> {
  if (config.REDIS_CLUSTER !== undefined) for (const node of config.REDIS_CLUSTER) yield new Redis({ ...once, ...signInOptions(config), ...node });
  else yield openServer(config, { ...once, failoverDetector: false, sentinelRetryStrategy: () => null });
}

async function inspect(redis: Redis, config: RedisConfig): Promise<RedisFinding> {
  let connectionError: Error | undefined;
  redis.on('error', (error: Error) => {
    connectionError = error;
  });
  try {
    await redis.connect();
    const info = parseInfo(await redis.info());
    const version = info.get('redis_version') ?? '0';
    if (isOlder(version)) return { state: 'refused', reason: `Redis ${version} is too old: 6.2 or newer is needed.` };
    if (info.get('loading') === '1') return { state: 'loading' };
    const isNode = info.get('cluster_enabled') === '1';
    if (isNode !== (placeVariable(config) === 'REDIS_CLUSTER')) {
      return { state: 'refused', reason: isNode ? 'It is a node of a cluster: set REDIS_CLUSTER to HOST:PORT of some of its nodes.' : 'It is no cluster: set REDIS_URL.' };
    }
    return {
      state: 'answering',
      version: info.get('valkey_version') === undefined ? `Redis ${version}` : `Valkey ${String(info.get('valkey_version'))}`,
      processId: Number(info.get('process_id') ?? 0),
      folder: await folderOf(redis),
      dangers: redisDangers(info),
    };
  } catch (error) {
    // Sentinels that do not agree on a master yet, or are away themselves, will.
    if (/sentinel/i.test((error as Error).message)) return { state: 'absent' };
    return explain(connectionError ?? (error as Error), error as Error);
  } finally {
    redis.disconnect();
  }
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]);
}

async function folderOf(redis: Redis): Promise<string | undefined> {
  try {
    return ((await redis.config('GET', 'dir')) as readonly string[])[1];
  } catch {
    return undefined;
  }
}

/** Codes that mean that nobody is there, or that nobody answers yet: waiting may help. */
const AWAY = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN']);

function explain(...errors: readonly Error[]): RedisFinding {
  const text = errors.map((error) => error.message).join(' ');
  if (text.includes('LOADING')) return { state: 'loading' };
  if (text.includes('max number of clients')) return { state: 'crowded' };
  if (/NOAUTH|WRONGPASS|invalid password|without any password/i.test(text)) {
    return { state: 'refused', reason: 'Redis wants another user name or password than REDIS_URL has: redis://NAME:PASSWORD@HOST:PORT.' };
  }
  if (text.includes('NOPERM')) return { state: 'refused', reason: 'The user in REDIS_URL may not run INFO.' };
  if (text.includes('DENIED') && text.includes('protected')) return { state: 'refused', reason: 'Redis is in protected mode and refuses other machines.' };
  if (/Protocol error|unexpected/i.test(text)) return { state: 'refused', reason: 'Something else than Redis answers there.' };
  if (/certificate|self.signed|wrong version number|SSL/i.test(text)) return { state: 'refused', reason: 'TLS does not work there: check rediss:// and REDIS_TLS, and the certificates (REDIS_TLS_CA_FILE, and REDIS_TLS_CERT_FILE where Redis asks for one).' };
  if (errors.some((error) => 'code' in error && AWAY.has(String(error.code)))) return { state: 'absent' };
  if (/Connection is closed|timed out|timeout/i.test(text)) return { state: 'absent' };
  return { state: 'refused', reason: `Redis answers with an error (${errors[0]?.name ?? 'Error'}).` };
}
