import type { PriorityTable } from '../../../../queues/priorities.js';
import { parseConfig, type Config } from '../../../config/parseConfig.js';
import { placeVariables } from '../../../config/redisPlace.js';
import type { EventTypes } from '../../../contract/eventTypes.js';
import type { GuardPolicy } from '../../../security/guard/GuardPolicy.js';

/** Every option has an environment variable beside it; an option that is given wins. See docs/configuration.md. */
export interface AnalyticsServiceOptions {
  /** Days that this instance shows, and that its `cleanup()` keeps. Default 90 (`ANALYTICS_RETENTION_DAYS`). */
  readonly retentionDays?: number;
  /** Most events of a batch, 1 to 4,096. Default 100 (`ANALYTICS_BATCH_SIZE`). */
  readonly batchSize?: number;
  /** The longest that a batch waits for company, in ms. Default 1,000 (`ANALYTICS_PROCESSING_INTERVAL`). */
  readonly processingInterval?: number;
  /** Within how many ms every call settles, whatever Redis does. Default 2,500 (`ANALYTICS_DEADLINE_MS`). */
  readonly deadlineMs?: number;
  /** Default `redis://localhost:6379` (`REDIS_URL`). */
  readonly redisUrl?: string;
  /** Nodes of a Redis Cluster, `host:port` each, instead of `redisUrl` (`REDIS_CLUSTER`). */
  readonly redisCluster?: readonly string[];
  /** Sentinels, `host:port` each, instead of `redisUrl` (`REDIS_SENTINELS`). */
  readonly redisSentinels?: readonly string[];
  /** The name of the master that they watch over. Default `mymaster` (`REDIS_SENTINEL_NAME`). */
  readonly redisSentinelName?: string;
  /** `replicated`: a call is answered when a replica has what was sent too. Default `default` (`ANALYTICS_DURABILITY`). */
  readonly durability?: 'default' | 'replicated';
  /** Default `analytics:` (`REDIS_PREFIX`). */
  readonly redisPrefix?: string;
  /** base64 of 32 bytes (`ANALYTICS_ENCRYPTION_KEY`). In development one is made in `dataDir`. */
  readonly encryptionKey?: string;
  /** base64 of 32 bytes, for a process that only produces (`ANALYTICS_PUBLIC_KEY`). */
  readonly publicKey?: string;
  /** Where keys of development are kept. Default `.analytics` (`ANALYTICS_DATA_DIR`). */
  readonly dataDir?: string;
  /** Events, and samples, that may wait in their queue; see `BusyError`. Default 1,000,000 (`ANALYTICS_MAX_WAITING`). */
  readonly maxWaiting?: number;
  /** A folder that takes sealed batches while Redis is away, and how large it may grow. Default: none (`ANALYTICS_SPOOL_DIR`, `ANALYTICS_SPOOL_BYTES`). */
  readonly spool?: { readonly dir: string; readonly maxBytes?: number };
  /** BullMQ priorities, 1 is first. Default critical 1, high 10, normal 100, low 1000. */
  readonly priorities?: Partial<PriorityTable>;
  /** Runs a worker in this process, for those who want no second one. Default false. */
  readonly worker?: boolean;
  /** What becomes of what looks like a person's. Default: it is masked (`ANALYTICS_GUARD`). */
  readonly guard?: GuardPolicy;
  /** Default: the types that `defineEventType` adds to. */
  readonly eventTypes?: EventTypes;
  /** Told of errors that no call can report: a lost connection, a failed try. Default: nobody. */
  readonly onError?: (error: Error) => void;
}

const variables = {
  retentionDays: 'ANALYTICS_RETENTION_DAYS',
  batchSize: 'ANALYTICS_BATCH_SIZE',
  processingInterval: 'ANALYTICS_PROCESSING_INTERVAL',
  deadlineMs: 'ANALYTICS_DEADLINE_MS',
  redisUrl: 'REDIS_URL',
  redisCluster: 'REDIS_CLUSTER',
  redisSentinels: 'REDIS_SENTINELS',
  redisSentinelName: 'REDIS_SENTINEL_NAME',
  durability: 'ANALYTICS_DURABILITY',
  redisPrefix: 'REDIS_PREFIX',
  encryptionKey: 'ANALYTICS_ENCRYPTION_KEY',
  publicKey: 'ANALYTICS_PUBLIC_KEY',
  dataDir: 'ANALYTICS_DATA_DIR',
  maxWaiting: 'ANALYTICS_MAX_WAITING',
} as const satisfies Partial<Record<keyof AnalyticsServiceOptions, string>>;

/** @throws ConfigurationError naming every variable or option that is wrong */
export function configOf(options: AnalyticsServiceOptions): Config {
  const given = Object.fromEntries(
    Object.entries(variables).flatMap(([option, variable]) => {
      const value = options[option as keyof typeof variables]; // the names come from `variables`
      return value === undefined ? [] : [[variable, String(value)] as const];
    }),
  );
  const { dir, maxBytes } = options.spool ?? {};
  const spool = { ...(dir !== undefined && { ANALYTICS_SPOOL_DIR: dir }), ...(maxBytes !== undefined && { ANALYTICS_SPOOL_BYTES: String(maxBytes) }) };
  const environment = { ...process.env };
  // An option that says where Redis is wins over any variable that does.
  if (placeVariables.some((name) => given[name] !== undefined)) for (const name of placeVariables) delete environment[name];
  return parseConfig({ ...environment, ...given, ...spool });
}
