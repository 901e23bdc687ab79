import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

import { clearForms } from '../support/clearForms.js';
import { FormFinder } from '../support/FormFinder.js';
import { isListening, runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, isAlive, startRedis, type TestRedis } from '../support/redis.js';

const RUNNING = 'Ctrl-C ends it.';

let dataDir: string;
let ports: { readonly redis: number; readonly socket: number; readonly board: number; readonly api: number };
const programs: RunningProgram[] = [];
const servers: TestRedis[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-start-'));
  ports = { redis: await freePort(), socket: await freePort(), board: await freePort(), api: await freePort() };
});

afterEach(async () => {
  for (const program of programs.splice(0)) {
    if (program.child.exitCode === null && program.child.signalCode === null) program.signalGroup('SIGKILL');
  }
  const keeper = keeperLock()?.pid;
  if (keeper !== undefined) await until(() => !isAlive(keeper));
  await Promise.all(servers.splice(0).map(async (server) => server.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

function start(env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): RunningProgram {
  const program = runProgram(['scripts/start.mjs', ...args], {
    REDIS_URL: `redis://localhost:${ports.redis}`,
    ANALYTICS_WS_PORT: String(ports.socket),
    ANALYTICS_BOARD_PORT: String(ports.board),
    ANALYTICS_HTTP_PORT: String(ports.api),
    ANALYTICS_DATA_DIR: dataDir,
    ...env,
  });
  programs.push(program);
  return program;
}

interface KeeperLock {
  readonly pid: number;
  readonly server: number;
}

function keeperLock(): KeeperLock | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'redis/keeper.lock'), 'utf8')) as KeeperLock; // written by the keeper
  } catch {
    return undefined;
  }
}

async function withRedis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(ports.redis, '127.0.0.1', { lazyConnect: true, protocol: 2, enableReadyCheck: false, retryStrategy: () => null });
  redis.on('error', () => undefined);
  await redis.connect();
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function nothingIsLeft(lock: KeeperLock | undefined): Promise<boolean> {
  const isDown = await Promise.all([ports.redis, ports.socket, ports.board].map(async (port) => !(await isListening(port))));
  return isDown.every(Boolean) && lock !== undefined && !isAlive(lock.pid) && !isAlive(lock.server);
}

describe('npm start', () => {
  it('starts a Redis that keeps what it acknowledged, says where everything is, and never runs two servers on one data folder', async () => {
    const text = await start().waitFor(RUNNING);
    expect(text).toContain(`ws://127.0.0.1:${ports.socket}`);
    expect(text).toContain(`http://127.0.0.1:${ports.board}`);
    expect(text).toContain(`localhost:${ports.redis}`);
    expect(text).toContain(dataDir);
    const settings = await withRedis(async (redis) => redis.config('GET', 'appendonly', 'appendfsync', 'maxmemory-policy', 'dir'));
    expect(settings).toEqual(expect.arrayContaining(['appendonly', 'yes', 'appendfsync', 'everysec', 'maxmemory-policy', 'noeviction', join(dataDir, 'redis')]));

    const second = start({ REDIS_URL: `redis://localhost:${await freePort()}` });
    expect(await second.ended()).toBe(1);
    expect(second.output()).toContain(`in use by a Redis on port ${ports.redis}`);
  });

  it('ends in order on Ctrl-C, Redis last, leaves no process and no open port, and finds its data at the next start', async () => {
    const program = start();
    await program.waitFor(RUNNING);
    await withRedis(async (redis) => redis.set('kept', 'yes'));
    const lock = keeperLock();
    program.signalGroup('SIGINT');
    expect(await program.ended()).toBe(0);
    expect(await nothingIsLeft(lock)).toBe(true);
    expect(program.output()).not.toMatch(/error/i);
    expect(readdirSync(join(dataDir, 'redis'))).not.toContain('keeper.lock');

    await start().waitFor(RUNNING);
    expect(await withRedis(async (redis) => redis.get('kept'))).toBe('yes');
  });

  it('leaves no Redis behind when it is killed, and a start at once after that finds the data', async () => {
    const first = start();
    await first.waitFor(RUNNING);
    await withRedis(async (redis) => redis.set('kept', 'yes'));
    const lock = keeperLock();
    first.signalGroup('SIGKILL');
    const second = start();
    await second.waitFor(RUNNING);
    expect(lock !== undefined && (isAlive(lock.pid) || isAlive(lock.server))).toBe(false);
    expect(await withRedis(async (redis) => redis.get('kept'))).toBe('yes');
    second.signalGroup('SIGINT');
    expect(await second.ended()).toBe(0);
  });

  it('takes over a Redis of its own that was left running, and ends it', async () => {
    const first = start();
    await first.waitFor(RUNNING);
    const lock = keeperLock();
    if (lock === undefined) throw new Error('There is no keeper.');
    process.kill(lock.pid, 'SIGKILL');
    first.signalGroup('SIGKILL');
    await until(() => !isAlive(lock.pid));
    expect(isAlive(lock.server)).toBe(true);

    const second = start();
    await second.waitFor(RUNNING);
    expect(second.output()).toContain('Taking over');
    second.signalGroup('SIGINT');
    expect(await second.ended()).toBe(0);
    expect(await nothingIsLeft(lock)).toBe(true);
  });

  it('starts its Redis again when that was killed, and ends in bounded time even then', async () => {
    const program = start({ ANALYTICS_SHUTDOWN_MS: '3000' });
    await program.waitFor(RUNNING);
    const server = keeperLock()?.server;
    if (server === undefined) throw new Error('There is no server.');
    process.kill(server, 'SIGKILL');
    // The keeper writes its lock anew: there may be none for a moment.
    let lock: KeeperLock | undefined;
    const isBack = async (): Promise<boolean> => {
      lock = keeperLock();
      return lock !== undefined && lock.server !== server && (await isListening(ports.redis));
    };
    expect(await until(isBack)).toBe(true);
    program.signalGroup('SIGINT');
    await program.ended(3000 + 3000);
    expect(await until(async () => nothingIsLeft(lock))).toBe(true);
  });

  it('uses the Redis that is there, names what is wrong with it, and does not end it', async () => {
    const redis = await startRedis({ port: ports.redis, args: ['--maxmemory-policy', 'allkeys-lru'] });
    servers.push(redis);
    const program = start();
    await program.waitFor(RUNNING);
    expect(program.output()).toContain('was running already');
    expect(program.output()).toMatch(/!! .* can lose data[^]*append-only[^]*allkeys-lru/);
    program.signalGroup('SIGINT');
    expect(await program.ended()).toBe(0);
    expect(await isListening(ports.redis)).toBe(true);
  });

  it('refuses such a Redis in production', async () => {
    const redis = await startRedis({ port: ports.redis });
    servers.push(redis);
    const program = start({ NODE_ENV: 'production', ANALYTICS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), ANALYTICS_TOKEN_SECRET: 'x'.repeat(48) });
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain('appendonly yes');
    expect(await isListening(ports.socket)).toBe(false);
  });

  it('starts nothing in production without a key', async () => {
    const program = start({ NODE_ENV: 'production' });
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain('ANALYTICS_ENCRYPTION_KEY');
    expect(await isListening(ports.redis)).toBe(false);
  });

  it('starts no Redis for an address on another machine', async () => {
    const program = start({ REDIS_URL: 'redis://redis.invalid:6379' });
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain('No Redis answers at redis://redis.invalid:6379');
    expect(program.output()).toContain('another machine');
  });

  it('protects its Redis with the password that REDIS_URL has, and keeps from it, and from whoever keeps it, what the service is told', async () => {
    const told = {
      REDIS_URL: `redis://:canary%22password-7731@localhost:${ports.redis}`,
      ANALYTICS_ENCRYPTION_KEY: Buffer.alloc(32, 'canary-key').toString('base64'),
      ANALYTICS_TOKEN_SECRET: 'canary-token-secret-of-32-bytes-or-more',
      VAULT_TOKEN: 'canary-vault-token-3390',
    };
    const text = await start(told).waitFor(RUNNING);
    await expect(withRedis(async (redis) => redis.ping())).rejects.toThrow(/NOAUTH/);
    const lock = keeperLock()!; // it runs
    const seen = [lock.pid, lock.server].flatMap((pid) => ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`)));
    expect(seen.every((bytes) => bytes.length > 20)).toBe(true);
    const forms = Object.values({ ...told, REDIS_URL: 'canary"password-7731', encoded: 'canary%22password-7731' }).flatMap(clearForms);
    const finder = new FormFinder(forms);
    for (const bytes of [...seen, Buffer.from(text), readFileSync(join(dataDir, 'redis/redis.log'))]) expect([...finder.find(bytes)]).toEqual([]);
    expect(text).not.toContain('canary');
  });

  it('says which password is wanted instead of starting another Redis', async () => {
    const redis = await startRedis({ port: ports.redis, args: ['--requirepass', 'other'] });
    servers.push(redis);
    const program = start();
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain('password');
  });

  it('reports all faults of the environment together', async () => {
    const program = start({ ANALYTICS_WS_PORT: '70000', REDIS_PREFIX: 'no colon', ANALYTICS_BATCH_SIZE: 'many' });
    expect(await program.ended()).toBe(1);
    for (const name of ['ANALYTICS_WS_PORT', 'REDIS_PREFIX', 'ANALYTICS_BATCH_SIZE']) expect(program.output()).toContain(name);
  });

  it('says which variable chooses another port when one is taken', async () => {
    const other = await startRedis({ port: ports.socket });
    servers.push(other);
    const program = start();
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain(`Port ${ports.socket} is in use`);
    expect(program.output()).toContain('ANALYTICS_WS_PORT');
    expect(await isListening(ports.redis)).toBe(false);
  });

  it('explains itself', async () => {
    const program = start({}, ['--help']);
    expect(await program.ended()).toBe(0);
    expect(program.output()).toContain('--demo');
    const wrong = start({}, ['--demmo']);
    expect(await wrong.ended()).toBe(1);
    expect(wrong.output()).toContain('--demmo');
  });
});
