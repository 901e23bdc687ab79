import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { connect, reconnectDelay, type ConnectionManner } from '../../src/redis/connect.js';
import { until } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
const connections: Redis[] = [];

beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.disconnect();
  await server.stop();
});

function open(manner: ConnectionManner, url = server.url): Redis {
  const connection = connect(url, manner, 'test', () => undefined);
  connections.push(connection);
  return connection;
}

describe.each(['failFast', 'patient'] as const)('a %s connection', (manner) => {
  it('fails a write that stays refused because Redis is a replica, soon, and writes again once it is none', async () => {
    const [writer, other] = [open(manner), open('patient')];
    await writer.set('key', 'before');
    await other.call('REPLICAOF', '127.0.0.1', String(await freePort()));
    const startedAt = performance.now();
    for (let time = 0; time < 3; time += 1) await expect(writer.set('key', 'refused')).rejects.toThrow(/^READONLY/);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await other.call('REPLICAOF', 'NO', 'ONE');
    expect(await writer.set('key', 'after')).toBe('OK');
  });

  it('sends a write again that met a replica just before it became the primary', async () => {
    const [writer, other] = [open(manner), open('patient')];
    await writer.ping();
    await other.call('REPLICAOF', '127.0.0.1', String(await freePort()));
    const write = writer.set('key', 'value');
    // Its connection is closed when READONLY was answered.
    await new Promise<void>((resolve) => writer.once('close', () => resolve()));
    await other.call('REPLICAOF', 'NO', 'ONE');
    expect(await write).toBe('OK');
  });
});

describe('a connection to a Redis that is away', () => {
  it.each(['failFast', 'patient'] as const)('fails what waits for it at once when it is given up (%s)', async (manner) => {
    const redis = open(manner);
    await redis.ping();
    await server.kill();
    expect(await until(() => redis.status === 'reconnecting')).toBe(true);
    const answer = redis.ping();
    const startedAt = performance.now();
    redis.disconnect();
    await expect(answer).rejects.toThrow(/closed/i);
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect(redis.status).toBe('end');
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)('lets go of it and of its duplicates once it is given up, also after %s', async (signal) => {
    const redis = open('patient');
    const copy = redis.duplicate();
    await Promise.all([redis.ping(), copy.ping()]);
    await server.kill(signal);
    if (signal === 'SIGKILL') expect(await until(() => copy.status === 'reconnecting')).toBe(true);
    // As BullMQ closes a worker.
    const quit = copy.quit().catch(() => undefined);
    redis.disconnect();
    await quit;
    expect(await until(() => redis.status === 'end' && copy.status === 'end')).toBe(true);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap')).toEqual([]);
  });

  it('fails fast where the caller waits', async () => {
    const redis = open('failFast', `redis://127.0.0.1:${await freePort()}`);
    const startedAt = performance.now();
    await expect(redis.get('key')).rejects.toThrow(/max retries|ECONNREFUSED|closed/i);
    expect(performance.now() - startedAt).toBeLessThan(2500);
  });

  it('waits where there is nothing better to do', async () => {
    const redis = open('patient');
    await redis.ping();
    await server.kill();
    const answer = redis.ping();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await server.restart();
    expect(await answer).toBe('PONG');
  });
});

describe('the delay before connecting again', () => {
  it('grows, is spread, and stays below 2.5 s', () => {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const delays = Array.from({ length: 50 }, () => reconnectDelay(attempt));
      expect(Math.min(...delays)).toBeGreaterThan(30);
      expect(Math.max(...delays)).toBeLessThanOrEqual(2500);
      expect(new Set(delays).size).toBeGreaterThan(40);
    }
    expect(reconnectDelay(6)).toBeGreaterThan(reconnectDelay(0));
  });
});
