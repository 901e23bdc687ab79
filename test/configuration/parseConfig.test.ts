import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { environmentSchema } from '../../src/config/environment.js';
import type { HostPort } from '../../src/config/hostList.js';
import { isLoopback } from '../../src/config/isLoopback.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';

type Name = keyof typeof environmentSchema.shape;
const names = Object.keys(environmentSchema.shape) as Name[]; // the shape's own keys

const whole = (least: number, most: number) => ({ good: fc.integer({ min: least, max: most }).map(String), bad: [String(least - 1), String(most + 1)] });
const text = { good: fc.string({ minLength: 1 }).filter((value) => value !== ''), bad: [] };
const hostList = {
  good: fc.constantFrom('redis-1:6379', '127.0.0.1:7000, [::1]:7001,c.example.org:7002'),
  bad: ['redis-1', 'redis-1:0', 'redis-1:65536', 'redis-1:1,', ':1', 'redis://redis-1:1', 'user:word@redis-1:1', '::1:7000'],
};
const sloppyNumbers = ['1.5', '1e3', '0x10', '१२', 'NaN', 'Infinity', ' ', '12px', '--1', 'true', '1_000', '1,000'];

/** For each variable values that are good, and some that are not. */
const values: Readonly<Record<Name, { readonly good: fc.Arbitrary<string>; readonly bad: readonly string[] }>> = {
  NODE_ENV: { good: fc.constantFrom('development', 'test', 'production'), bad: ['prod', 'Production'] },
  REDIS_URL: {
    good: fc.constantFrom('redis://localhost:6379', 'rediss://user:word@example.org:6380/2', 'redis://[::1]:6379'),
    bad: ['localhost:6379', 'http://localhost', 'redis://', 'redis://localhost:99999', 'redis://a b', ' redis://localhost'],
  },
  REDIS_CLUSTER: hostList,
  REDIS_SENTINELS: hostList,
  REDIS_SENTINEL_NAME: text,
  REDIS_SENTINEL_USERNAME: text,
  REDIS_SENTINEL_PASSWORD: text,
  REDIS_SENTINEL_PASSWORD_FILE: text,
  REDIS_USERNAME: text,
  REDIS_PASSWORD: text,
  REDIS_PASSWORD_FILE: text,
  REDIS_TLS: { good: fc.constantFrom('true', 'false'), bad: ['yes'] },
  REDIS_TLS_CA_FILE: text,
  REDIS_TLS_CERT_FILE: text,
  REDIS_TLS_KEY_FILE: text,
  REDIS_TLS_BY_PROXY: { good: fc.constantFrom('true', 'false'), bad: ['yes'] },
  REDIS_PREFIX: { good: fc.constantFrom('analytics:', 'a.b-c_9:'), bad: ['analytics', ':', 'a:b:', '{a}:', 'a b:', 'ä:'] },
  ANALYTICS_DURABILITY: { good: fc.constantFrom('default', 'replicated'), bad: ['replica'] },
  ANALYTICS_HOST: { good: fc.constantFrom('127.0.0.1', '::1', '0.0.0.0', 'example.org'), bad: [] },
  ANALYTICS_WS_PORT: whole(0, 65_535),
  ANALYTICS_BOARD_PORT: whole(0, 65_535),
  ANALYTICS_HTTP_PORT: whole(0, 65_535),
  ANALYTICS_HTTP_ORIGINS: { good: fc.constantFrom('https://app.example.org', 'http://localhost:3000, https://app.example.org'), bad: ['app.example.org', 'https://app.example.org/', '*', 'null'] },
  ANALYTICS_HTTP_HOSTS: { good: fc.constantFrom('api.example.org', 'API.example.org, [::1]'), bad: ['https://api.example.org', 'a,', 'a b', '*'] },
  ANALYTICS_HTTP_PROXIES: { good: fc.constantFrom('loopback', '10.0.0.0/8, 192.0.2.7', 'fd00::/8'), bad: ['true', '1', '*', '10.0.0.0/33', '10.0.0.0/0', '::/129', 'proxy.example.org', '10.0.0.0/8/8', 'loopback,'] },
  ANALYTICS_TLS_CERT_FILE: text,
  ANALYTICS_TLS_KEY_FILE: text,
  ANALYTICS_TLS_BY_PROXY: { good: fc.constantFrom('true', 'false'), bad: ['yes'] },
  ANALYTICS_DATA_DIR: text,
  ANALYTICS_ENCRYPTION_KEY: text,
  ANALYTICS_ENCRYPTION_KEY_FILE: text,
  ANALYTICS_KEY_PROVIDER: text,
  ANALYTICS_KEY_STORE_URL: { good: fc.constantFrom('redis://localhost:6380', 'rediss://user:word@keys.example.org/1'), bad: ['keys:6379', 'http://keys'] },
  ANALYTICS_PUBLIC_KEY: text,
  ANALYTICS_TOKEN_SECRET: text,
  ANALYTICS_TOKEN_SECRET_FILE: text,
  ANALYTICS_TOKEN_PUBLIC_KEY: text,
  ANALYTICS_TOKEN_PUBLIC_KEY_FILE: text,
  ANALYTICS_TOKEN_JWKS_URL: { good: fc.constantFrom('https://id.example.org/jwks.json', 'http://localhost:8080/keys'), bad: ['', 'id.example.org', 'ftp://id.example.org', 'https://'].slice(1) },
  ANALYTICS_TOKEN_JWKS_FILE: text,
  ANALYTICS_SOCKET_IDLE_MINUTES: whole(1, 15),
  ANALYTICS_TOKEN_ISSUER: text,
  ANALYTICS_TOKEN_AUDIENCE: text,
  ANALYTICS_ALLOW_BARE_AUTH: { good: fc.constantFrom('true', 'false'), bad: ['yes', '1', 'TRUE'] },
  ANALYTICS_ALLOW_VOLATILE: { good: fc.constantFrom('true', 'false'), bad: ['yes'] },
  ANALYTICS_ALLOW_FOREIGN_KEYS: { good: fc.constantFrom('true', 'false'), bad: ['yes'] },
  ANALYTICS_READY_ROLES: { good: fc.constantFrom('processing', 'processing,scheduling'), bad: ['board', 'processing,', 'a', 'processing scheduling'] },
  ANALYTICS_ALLOWED_ORIGINS: {
    good: fc.constantFrom('https://app.example.org', 'http://localhost:3000, https://app.example.org'),
    bad: ['app.example.org', 'https://app.example.org/', '*', 'https://a.example,', 'null'],
  },
  ANALYTICS_RETENTION_DAYS: whole(1, 36_500),
  ANALYTICS_RETENTION_BY_TYPE: {
    good: fc.constantFrom('security=2190', 'security=2190, page_view=30'),
    bad: ['security', 'security=0', 'security=1=2', 'Security=3', 'security=30,security=40', 'a=1,', '__proto__=1', 'security=1.5'],
  },
  ANALYTICS_ROLLUP_DAYS: {
    good: fc.constantFrom('1m=30', '1m=30, 1h=400,1d=36500'),
    bad: ['1m', '1m=0', '10s=5', '1m=1=2', '1m=3,1m=4', '1d=1,', '__proto__=1', '1h=1.5'],
  },
  ANALYTICS_SERIES_LIMIT: whole(1, 100_000),
  ANALYTICS_EMERGENCY_HASH: { good: fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 64, maxLength: 64 }), bad: ['abc', 'g'.repeat(64), 'A'.repeat(64), 'a'.repeat(65)] },
  ANALYTICS_AUDIT_DIR: text,
  ANALYTICS_AUDIT_DAYS: whole(1, 36_500),
  ANALYTICS_FEED_HOURS: whole(1, 720),
  ANALYTICS_BATCH_SIZE: whole(1, 4096),
  ANALYTICS_PROCESSING_INTERVAL: whole(0, 60_000),
  ANALYTICS_DEADLINE_MS: whole(50, 600_000),
  ANALYTICS_MAX_WAITING: whole(1, 1_000_000_000),
  ANALYTICS_MAX_UNANSWERED_MB: whole(1, 65_536),
  ANALYTICS_SPOOL_DIR: text,
  ANALYTICS_BACKUP_DIR: text,
  ANALYTICS_BACKUP_KEYS_DIR: text,
  ANALYTICS_SPOOL_BYTES: whole(65_536, 2 ** 40),
  ANALYTICS_CONCURRENCY: whole(1, 256),
  ANALYTICS_JOB_DEADLINE_MS: whole(100, 600_000),
  ANALYTICS_MAINTENANCE_DEADLINE_MS: whole(1000, 3_600_000),
  ANALYTICS_CHILD_JOBS: whole(1, 10_000_000),
  ANALYTICS_CHILD_MEMORY_MB: whole(64, 65_536),
  ANALYTICS_CLEANUP_INTERVAL: whole(1000, 604_800_000),
  ANALYTICS_MERGE_INTERVAL: whole(1000, 604_800_000),
  ANALYTICS_SCRUB_INTERVAL: whole(1000, 31_536_000_000),
  ANALYTICS_SHUTDOWN_MS: whole(100, 600_000),
  ANALYTICS_GUARD: { good: fc.constantFrom('mask', 'drop', 'refuse', 'off'), bad: ['on', 'Mask'] },
  ANALYTICS_GUARD_UNDECLARED: { good: fc.constantFrom('accept', 'drop', 'refuse'), bad: ['off', 'mask'] },
  ANALYTICS_GUARD_PII: { good: fc.constantFrom('seal', 'tokenise'), bad: ['tokenize', 'mask'] },
  ANALYTICS_GUARD_PHI: { good: fc.constantFrom('seal', 'tokenise'), bad: ['Seal', 'off'] },
  ANALYTICS_GUARD_SECRET: { good: fc.constantFrom('drop', 'refuse'), bad: ['seal', 'off'] },
  ANALYTICS_GUARD_TOKEN_KEY: text,
  ANALYTICS_MFA: { good: fc.constantFrom('required', 'provider'), bad: ['on', 'true', 'otp'] },
  ANALYTICS_LOG_LEVEL: { good: fc.constantFrom('error', 'warn', 'info', 'debug', 'silent'), bad: ['verbose'] },
};
const isNumber = (name: Name) => typeof environmentSchema.parse({})[name] === 'number';
const badValues = (name: Name) => [...values[name].bad, ...(isNumber(name) ? sloppyNumbers : [])];
const breakable = names.filter((name) => badValues(name).length > 0);

const goodEnvironment = fc.record(Object.fromEntries(names.map((name) => [name, values[name].good])), { requiredKeys: [] }).map(onePlace).map(safe);

/** Of the ways to say where Redis is one at most is right. */
function onePlace(env: Partial<Record<string, string>>): Partial<Record<string, string>> {
  const [, ...others] = ['REDIS_URL', 'REDIS_CLUSTER', 'REDIS_SENTINELS'].filter((name) => env[name] !== undefined);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !others.includes(name)));
}

/** What belongs together is given together, and production asks for TLS where it has to. */
function safe(env: Partial<Record<string, string>>): Partial<Record<string, string>> {
  const files = ['REDIS_TLS_CA_FILE', 'REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE', 'ANALYTICS_TLS_CERT_FILE', 'ANALYTICS_TLS_KEY_FILE'];
  const isWhole = files.every((name) => env[name] !== undefined);
  const kept = isWhole ? env : Object.fromEntries(Object.entries(env).filter(([name]) => !files.includes(name)));
  return isWhole || env['NODE_ENV'] === 'production' ? { ...kept, REDIS_TLS: 'true', REDIS_TLS_BY_PROXY: 'true' } : kept;
}

function problemsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  it('takes every good value for what it says, gives the rest their defaults, and is frozen', () => {
    const defaults = parseConfig({});
    fc.assert(
      fc.property(goodEnvironment, (env) => {
        const config = parseConfig(env);
        expect(Object.isFrozen(config)).toBe(true);
        for (const name of names) {
          const given = env[name];
          if (given === undefined) expect(config[name]).toEqual(defaults[name]);
          else if (values[name] === hostList) expect(hostsOf(config[name])).toEqual(given.split(/\s*,\s*/));
          else if (Array.isArray(config[name])) expect(config[name]).toEqual(given.split(/\s*,\s*/));
          else if (typeof config[name] === 'object') expect(Object.keys(config[name])).toContain(given.slice(0, given.indexOf('=')));
          else expect(String(config[name])).toBe(given);
        }
        expect(config.isProduction).toBe(env['NODE_ENV'] === 'production');
      }),
    );
  });

  it.each(breakable.flatMap((name) => badValues(name).map((value) => [name, value] as const)))('refuses %s=%j, naming it', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems.length).toBeGreaterThanOrEqual(1);
    for (const problem of problems) expect(problem).toMatch(new RegExp(`^${name}: .+ See docs/configuration.md.$`));
  });

  it('reports every fault there is together, and nothing that is right', () => {
    const faults = fc.subarray(breakable, { minLength: 1 }).chain((broken) => fc.record(Object.fromEntries(broken.map((name) => [name, fc.constantFrom(...badValues(name))]))));
    fc.assert(
      fc.property(goodEnvironment, faults, (good, bad) => {
        const named = problemsOf({ ...good, ...bad }).map((problem) => problem.split(':')[0]).filter((name) => !name?.includes(','));
        expect(new Set(named)).toEqual(new Set(Object.keys(bad)));
      }),
    );
  });

  it.each([
    [{ REDIS_URL: 'redis://localhost', REDIS_CLUSTER: 'a:1' }, 'REDIS_URL, REDIS_CLUSTER: set one of them only.'],
    [{ REDIS_CLUSTER: 'a:1', REDIS_SENTINELS: 'b:2' }, 'REDIS_CLUSTER, REDIS_SENTINELS: set one of them only.'],
    [{ ANALYTICS_TLS_CERT_FILE: 'a.pem' }, 'ANALYTICS_TLS_CERT_FILE, ANALYTICS_TLS_KEY_FILE: set both.'],
    [{ REDIS_TLS: 'true', REDIS_TLS_KEY_FILE: 'a.pem' }, 'REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE: set both.'],
    [{ REDIS_TLS_CA_FILE: 'a.pem' }, 'Redis is not asked for TLS'],
    [{ REDIS_TLS_CA_FILE: 'a.pem', REDIS_URL: 'redis://localhost' }, 'Redis is not asked for TLS'],
    [{ REDIS_TLS_CA_FILE: 'a.pem', REDIS_CLUSTER: 'a:1' }, 'Redis is not asked for TLS'],
  ])('refuses %j', (env, problem) => expect(problemsOf(env).join()).toContain(problem));

  it.each([
    { REDIS_URL: 'redis://10.0.0.7' },
    { REDIS_URL: 'redis://redis.example.org:6379' },
    { REDIS_CLUSTER: '127.0.0.1:7000' },
    { REDIS_SENTINELS: 'localhost:26379' },
  ])('refuses %j in production, which would be in clear, unless something else encrypts it', (place) => {
    const production = { NODE_ENV: 'production', ...place };
    expect(problemsOf(production).join()).toMatch(/production does not talk to Redis in clear.*REDIS_TLS_BY_PROXY=true/);
    expect(problemsOf({ ...production, REDIS_TLS: 'true' })).toEqual([]);
    expect(problemsOf({ ...production, REDIS_TLS_BY_PROXY: 'true' })).toEqual([]);
    expect(problemsOf({ ...place, NODE_ENV: 'development' })).toEqual([]);
  });

  it('refuses a key store in clear over a network in production likewise', () => {
    const problems = (url: string) => problemsOf({ NODE_ENV: 'production', ANALYTICS_KEY_STORE_URL: url }).join();
    expect(problems('redis://10.0.0.8')).toMatch(/^ANALYTICS_KEY_STORE_URL: production does not talk to Redis in clear/);
    expect([problems('rediss://10.0.0.8'), problems('redis://127.0.0.1:6380')]).toEqual(['', '']);
  });

  it.each(['rediss://10.0.0.7', 'redis://127.0.0.1', 'redis://[::1]:6379', 'redis://localhost'])('takes %s in production', (url) => {
    expect(problemsOf({ NODE_ENV: 'production', REDIS_URL: url })).toEqual([]);
  });

  it('takes an empty variable for an absent one', () => {
    expect(parseConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(parseConfig({}));
  });

  it('fails with nothing but its own error, which quotes no value, whatever the environment holds', () => {
    const word = 'hunter2-canary';
    const wild = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('redis://:', 'x', '9'.repeat(400)).map((start) => `${start}${word}`)));
    fc.assert(fc.property(wild, (env) => expect(problemsOf(env).join('\n')).not.toContain(word)));
  });
});

function hostsOf(list: unknown): string[] {
  return (list as readonly HostPort[]).map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`); // what the schema gives
}

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])('is true of %s', (host) => expect(isLoopback(host)).toBe(true));
  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', '127.evil.org', 'localhost.example.org', '', '1270.0.0.1'])('is false of %j', (host) =>
    expect(isLoopback(host)).toBe(false),
  );
});
