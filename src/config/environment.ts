import { availableParallelism } from 'node:os';

import { z } from 'zod';

import { limits } from '../contract/limits.js';
import { hostListSchema } from './hostList.js';
import { proxiesSchema } from './proxies.js';
import { retentionByTypeSchema } from './retentionByType.js';
import { rollupDaysSchema } from './rollupDays.js';

/** Digits only: `Number` would take a blank for 0, and 0x10 and 1e3 for numbers. */
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const port = whole(0, 65_535);
/** A URL that cannot be parsed would fail later, where it may be quoted with the password in it. */
const hasHost = (text: string) => URL.canParse(text) && new URL(text).hostname !== '';
const redisUrl = z
  .string()
  .regex(/^rediss?:\/\//, { error: 'must begin with redis:// or rediss://', abort: true })
  .refine(hasHost, 'must be a URL such as redis://localhost:6379');
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const optionalText = z.string().min(1).optional();
const originsSchema = z
  .string()
  .regex(/^https?:\/\/[^/\s,]+(\s*,\s*https?:\/\/[^/\s,]+)*$/, 'must be origins such as https://app.example.org, separated by commas')
  .transform((text) => text.split(',').map((origin) => origin.trim()));

/**
 * Every environment variable that the service reads. docs/configuration.md has the same table for people; a test holds
 * the two together.
 */
export const environmentSchema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),

  REDIS_URL: redisUrl.default('redis://localhost:6379'),
  /** Nodes of a cluster, instead of `REDIS_URL`: the others are found through them. */
  REDIS_CLUSTER: hostListSchema.optional(),
  /** Sentinels, instead of `REDIS_URL`: they say where the master is. */
  REDIS_SENTINELS: hostListSchema.optional(),
  REDIS_SENTINEL_NAME: z.string().min(1).default('mymaster'),
  REDIS_SENTINEL_USERNAME: optionalText,
  REDIS_SENTINEL_PASSWORD: optionalText,
  REDIS_SENTINEL_PASSWORD_FILE: optionalText,
  REDIS_USERNAME: optionalText,
  REDIS_PASSWORD: optionalText,
  REDIS_PASSWORD_FILE: optionalText,
  REDIS_TLS: flag.default(false),
  REDIS_TLS_CA_FILE: optionalText,
  /** A client's certificate and its key, where Redis asks for one. */
  REDIS_TLS_CERT_FILE: optionalText,
  REDIS_TLS_KEY_FILE: optionalText,
  /** Says that something else encrypts what goes to Redis, such as a mesh. */
  REDIS_TLS_BY_PROXY: flag.default(false),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+:$/, 'must be letters, digits, "_", "." or "-", and end with ":"')
    .default('analytics:'),

  ANALYTICS_DURABILITY: z.enum(['default', 'replicated']).default('default'),

  ANALYTICS_HOST: z.string().min(1).default('127.0.0.1'),
  ANALYTICS_WS_PORT: port.default(8083),
  ANALYTICS_BOARD_PORT: port.default(8084),
  ANALYTICS_HTTP_PORT: port.default(8085),
  /** Origins whose pages may use the API, separated by commas; only pages of its own host when absent. */
  ANALYTICS_HTTP_ORIGINS: originsSchema.optional(),
  /** Names by which the API may be asked, without ports, separated by commas; any when absent. */
  ANALYTICS_HTTP_HOSTS: z
    .string()
    .regex(/^[A-Za-z0-9.:[\]-]+(\s*,\s*[A-Za-z0-9.:[\]-]+)*$/, 'must be names of hosts such as api.example.org, separated by commas')
    .transform((text) => text.split(',').map((host) => host.trim()))
    .optional(),
  /** Proxies before the API, whose word on where a request came from is taken. */
  ANALYTICS_HTTP_PROXIES: proxiesSchema.optional(),
  /** Certificate (with its chain) and key of the WebSocket server, the board and the API. */
  ANALYTICS_TLS_CERT_FILE: optionalText,
  ANALYTICS_TLS_KEY_FILE: optionalText,
  /** Says that a proxy before them ends TLS. */
  ANALYTICS_TLS_BY_PROXY: flag.default(false),
  ANALYTICS_DATA_DIR: z.string().min(1).default('.analytics'),

  ANALYTICS_ENCRYPTION_KEY: optionalText,
  ANALYTICS_ENCRYPTION_KEY_FILE: optionalText,
  /** A module that unwraps keys; needed where the list of keys holds wrapped ones. */
  ANALYTICS_KEY_PROVIDER: optionalText,
  /** A Redis of their own for the data keys of chunks; beside the data without it. */
  ANALYTICS_KEY_STORE_URL: redisUrl.optional(),
  ANALYTICS_PUBLIC_KEY: optionalText,

  ANALYTICS_TOKEN_SECRET: optionalText,
  ANALYTICS_TOKEN_SECRET_FILE: optionalText,
  ANALYTICS_TOKEN_PUBLIC_KEY: optionalText,
  ANALYTICS_TOKEN_PUBLIC_KEY_FILE: optionalText,
  /** Where the keys of whoever signs tokens are published, or a file with them. */
  ANALYTICS_TOKEN_JWKS_URL: z.string().refine((text) => /^https?:\/\//.test(text) && hasHost(text), 'must be a URL such as https://id.example.org/jwks.json').optional(),
  ANALYTICS_TOKEN_JWKS_FILE: optionalText,
  ANALYTICS_TOKEN_ISSUER: optionalText,
  ANALYTICS_TOKEN_AUDIENCE: optionalText,
  /** Minutes without a sign of somebody after which a socket is closed. */
  ANALYTICS_SOCKET_IDLE_MINUTES: whole(1, 15).default(15),
  /** Accepts the bare `{type:'authenticate', userId}`; honoured in development on a loopback address only. */
  ANALYTICS_ALLOW_BARE_AUTH: flag.default(true),

  /** Values of `Origin` that may open a WebSocket, separated by commas; any when absent. */
  ANALYTICS_ALLOWED_ORIGINS: originsSchema.optional(),

  ANALYTICS_RETENTION_DAYS: whole(1, 36_500).default(90),
  /** `security=2190,page_view=30`: types that are kept for another number of days. */
  ANALYTICS_RETENTION_BY_TYPE: retentionByTypeSchema.default({}),
  /** `1m=90,1h=730,1d=3650`: days that rollups of metrics are kept, by tier. */
  ANALYTICS_ROLLUP_DAYS: rollupDaysSchema,
  ANALYTICS_SERIES_LIMIT: whole(1, 100_000).default(10_000),
  /** SHA-256 of the second secret of emergency access, in hex: `npm run emergency -- secret` makes both. Without it there is none. */
  ANALYTICS_EMERGENCY_HASH: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits, as "npm run emergency -- secret" prints them').optional(),
  /** Where signed checkpoints of the audit log are kept; `audit` in the data folder without it. */
  ANALYTICS_AUDIT_DIR: optionalText,
  /** Six years: 45 CFR 164.316(b)(2). */
  ANALYTICS_AUDIT_DAYS: whole(1, 36_500).default(2192),
  ANALYTICS_FEED_HOURS: whole(1, 24 * 30).default(24),
  ANALYTICS_BATCH_SIZE: whole(1, limits.batchSize).default(100),
  ANALYTICS_PROCESSING_INTERVAL: whole(0, 60_000).default(1000),
  ANALYTICS_DEADLINE_MS: whole(50, 600_000).default(2500),
  ANALYTICS_MAX_WAITING: whole(1, 1_000_000_000).default(1_000_000),
  ANALYTICS_MAX_UNANSWERED_MB: whole(1, 65_536).default(128),
  /** Takes sealed batches while Redis is away; none without it. */
  ANALYTICS_SPOOL_DIR: optionalText,
  ANALYTICS_SPOOL_BYTES: whole(65_536, 2 ** 40).default(256 * 2 ** 20),
  ANALYTICS_CONCURRENCY: whole(1, 256).default(availableParallelism()),
  ANALYTICS_JOB_DEADLINE_MS: whole(100, 600_000).default(5000),
  ANALYTICS_MAINTENANCE_DEADLINE_MS: whole(1000, 3_600_000).default(120_000),
  ANALYTICS_CHILD_JOBS: whole(1, 10_000_000).default(50_000),
  ANALYTICS_CHILD_MEMORY_MB: whole(64, 65_536).default(256),
  ANALYTICS_CLEANUP_INTERVAL: whole(1000, 7 * 24 * 3_600_000).default(3_600_000),
  ANALYTICS_MERGE_INTERVAL: whole(1000, 7 * 24 * 3_600_000).default(300_000),
  ANALYTICS_SCRUB_INTERVAL: whole(1000, 365 * 24 * 3_600_000).default(86_400_000),
  /** Roles without which `/health/ready` says no. */
  ANALYTICS_READY_ROLES: z
    .string()
    .regex(/^(processing|broadcasting|scheduling)(,(processing|broadcasting|scheduling))*$/, 'must be roles such as processing,broadcasting,scheduling')
    .default('processing,broadcasting,scheduling'),
  /** Starts production over a Redis that keeps nothing over a restart. */
  ANALYTICS_ALLOW_VOLATILE: flag.default(false),
  /** Starts although other programs' keys stand under `REDIS_PREFIX`. */
  ANALYTICS_ALLOW_FOREIGN_KEYS: flag.default(false),
  /** Where backups are kept; an erasure adds to what is there. */
  ANALYTICS_BACKUP_DIR: optionalText,
  /** Where the data keys of the backup are kept. Default: `ANALYTICS_BACKUP_DIR` with `-keys` behind it. */
  ANALYTICS_BACKUP_KEYS_DIR: optionalText,
  ANALYTICS_SHUTDOWN_MS: whole(100, 600_000).default(20_000),

  ANALYTICS_GUARD: z.enum(['mask', 'drop', 'refuse', 'off']).default('mask'),
  /** Absent is not `accept`: with the guard off, only what is set here brings the declarations back. */
  ANALYTICS_GUARD_UNDECLARED: z.enum(['accept', 'drop', 'refuse']).optional(),
  ANALYTICS_GUARD_PII: z.enum(['seal', 'tokenise']).default('seal'),
  ANALYTICS_GUARD_PHI: z.enum(['seal', 'tokenise']).default('seal'),
  ANALYTICS_GUARD_SECRET: z.enum(['drop', 'refuse']).default('drop'),
  ANALYTICS_GUARD_TOKEN_KEY: optionalText,
  /** Whether roles that change things need a second factor at the board. Absent: `required` in production, `off` elsewhere. */
  ANALYTICS_MFA: z.enum(['required', 'provider', 'off']).optional(),
  ANALYTICS_LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug', 'silent']).default('info'),
});

export type Environment = z.output<typeof environmentSchema>;
