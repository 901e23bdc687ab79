import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { BusyError } from '../../../src/errors/BusyError.js';
import { AnalyticsService, EventPriority, EventType } from '../../../src/lib/services/analytics/AnalyticsService.js';
import type { AnalyticsServiceOptions } from '../../../src/lib/services/analytics/options.js';
import { toPrometheus } from '../../../src/monitoring/toPrometheus.js';
import { built } from '../../support/built.js';
import { until } from '../../support/program.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { people } from '../../support/witness/people.js';
import { witness } from '../../support/witness/witness.js';

const WORDS = 'words-in-clear';
const encryptionKey = randomBytes(32).toString('base64');

let server: TestRedis;
let dir: string;
const services: AnalyticsService[] = [];

function open(options: AnalyticsServiceOptions = {}): AnalyticsService {
  const service = new AnalyticsService({ redisUrl: server.url, encryptionKey, deadlineMs: 2000, spool: { dir }, ...options });
  services.push(service);
  return service;
}

const event = (number: number) => ({ type: EventType.CUSTOM, userId: people.ann, properties: { number, text: WORDS } });

/** Every file of the spool. */
const files = () => readdirSync(dir, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
const segments = () => files().filter((file) => file.endsWith('.segment'));

/** Works off what waits, and gives the numbers that are stored. */
async function stored(service: AnalyticsService): Promise<number[]> {
  for (;;) {
    const { queue } = await service.getStats();
    if (queue?.length === 0) break;
    await service.processEvents();
  }
  const numbers: number[] = [];
  for await (const { properties } of service.streamEvents({ type: EventType.CUSTOM })) numbers.push(properties!['number'] as number); // as tracked above
  return numbers.toSorted((one, other) => one - other);
}

/** Clients of Redis but the one that asks. */
async function connections(): Promise<number> {
  const redis = new Redis(server.url, { db: 0 });
  try {
    return Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1]) - 1;
  } finally {
    redis.disconnect();
  }
}

beforeEach(async () => {
  server = await startRedis();
  dir = mkdtempSync(join(tmpdir(), 'analytics-spool-'));
});
afterEach(async () => {
  await Promise.all(services.splice(0).map(async (service) => service.close({ timeoutMs: 300 })));
  await server.stop();
  witness.removeFolder(dir);
});

describe('while Redis is away, with a spool', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)('calls are acknowledged from disk, sealed, and stored once when it is back: %s', async (signal) => {
    const service = open();
    await service.trackEvent(event(0));
    await server.kill(signal);
    const ids: string[] = [];
    for (let number = 1; number <= 20; number += 1) ids.push(await service.trackEvent(event(number)));
    expect(new Set(ids).size).toBe(20);
    expect((await service.trackEvents([event(21), event(22)])).every(({ ok }) => ok)).toBe(true);
    const stats = await service.getStats();
    expect(stats.producer.spool?.batches).toBeGreaterThan(10);
    const { batches, bytes, oldestAt } = stats.producer.spool!; // there is one
    expect(toPrometheus(stats).split('\n')).toEqual(
      expect.arrayContaining([`analytics_spool_batches ${batches}`, `analytics_spool_bytes ${bytes}`, `analytics_spool_oldest_timestamp_seconds ${oldestAt! / 1000}`, 'analytics_redis_up 0']), // not empty
    );

    expect(segments().length).toBeGreaterThan(0);
    for (const file of files()) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const content = readFileSync(file).toString('latin1');
      for (const clear of [WORDS, Buffer.from(WORDS).toString('base64').slice(0, 16), people.ann, 'custom']) expect(content).not.toContain(clear);
    }
    await (signal === 'SIGSTOP' ? server.kill('SIGCONT') : server.restart());
    expect(await until(async () => service.flush().then(() => true, () => false))).toBe(true);
    expect(segments()).toEqual([]);
    const numbers = await stored(service);
    expect(numbers).toEqual(Array.from({ length: 23 }, (_, number) => number).slice(signal === 'SIGSTOP' ? 0 : numbers[0] === 0 ? 0 : 1));
    expect((await service.getStats()).producer.spool).toEqual({ batches: 0, bytes: 0, oldestAt: null });
  });

  it('the first call of a service needs no Redis', async () => {
    await server.kill();
    const service = open();
    await service.trackEvent(event(1));
    await service.trackMetric({ name: 'cpu', value: 1 });
    await server.restart();
    expect(await until(async () => service.flush().then(() => true, () => false))).toBe(true);
    expect(await stored(service)).toEqual([1]);
    expect(await service.getMetrics({ name: 'cpu' })).toHaveLength(1);
  });

  it('a full spool is refused as busy, and what is in it is kept', async () => {
    await server.kill();
    const service = open({ spool: { dir, maxBytes: 65_536 } });
    let taken = 0;
    let refused: unknown;
    while (refused === undefined && taken < 1000) {
      await service.trackEvent({ ...event(taken), properties: { number: taken, text: randomBytes(1000).toString('hex') } }).then(
        () => (taken += 1),
        (error: unknown) => (refused = error),
      );
    }
    expect(refused).toBeInstanceOf(BusyError);
    expect(refused).toMatchObject({ reason: 'spool' });
    expect(segments().reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(65_536);
    await server.restart();
    expect(await until(async () => service.flush().then(() => true, () => false))).toBe(true);
    expect(await stored(service)).toEqual(Array.from({ length: taken }, (_, number) => number));
  });

  it('flush says that it is not in Redis yet, and close leaves it to the next service', async () => {
    await server.kill();
    const service = open({ deadlineMs: 1500 });
    await service.trackEvent(event(1));
    await expect(service.flush()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await service.close({ timeoutMs: 100 })).toEqual({ undelivered: 0 });
    expect(segments()).toHaveLength(1);
    await server.restart();
    const next = open();
    await next.trackEvent(event(2));
    await next.flush();
    expect(segments()).toEqual([]);
    expect(await stored(next)).toEqual([1, 2]);
  });

  it('is refused, not kept, when the data in Redis is sealed to another key', async () => {
    await open({ encryptionKey: randomBytes(32).toString('base64') }).trackEvent(event(1));
    const before = await connections();
    const service = open();
    for (let call = 0; call < 3; call += 1) await expect(service.trackEvent(event(2))).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
    expect(await until(async () => (await connections()) === before)).toBe(true);
  });
});

describe('a process that was killed', () => {
  it('leaves everything that it had acknowledged to the next one, which cuts off what was not written to its end', async () => {
    await server.kill();
    const env = { ...process.env, NODE_OPTIONS: '', REDIS_URL: server.url, ANALYTICS_ENCRYPTION_KEY: encryptionKey, ANALYTICS_SPOOL_DIR: dir, ANALYTICS_BATCH_SIZE: '3' };
    const program = built('test/producer/spool/programs/producer.ts');
    const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await until(() => output.split('\n').length > 60, 20_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    const acknowledged = output.split('\n').slice(0, -1);
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    // What a kill in the middle of a write leaves, which this one may have missed.
    appendFileSync(segments().at(-1)!, Buffer.from([0, 0, 4, 0, 1, 2, 3, 4, 5]));

    await server.restart();
    const service = open({ deadlineMs: 10_000 });
    await service.trackEvent(event(-1));
    await service.flush();
    const numbers = await stored(service);
    expect(new Set(numbers).size).toBe(numbers.length);
    const found = new Set<string>();
    for await (const { id } of service.streamEvents({ type: EventType.CUSTOM })) found.add(id);
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
    expect(segments()).toEqual([]);
  });

  it('keeps its folder to itself while it lives', async () => {
    await server.kill();
    const one = open();
    await one.trackEvent(event(1));
    const before = segments();
    const other = open();
    await other.trackEvent({ ...event(2), priority: EventPriority.HIGH });
    expect(segments()).toEqual(expect.arrayContaining(before));
  });
});
