import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';

import { createKeysCommand } from '../../src/cli/keys.js';
import { AnalyticsService, EventType } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere } from './runHere.js';

const restoreEnvironment = keepEnvironment();
let server: TestRedis;
let redis: Redis;
let folder: string;
let file: string;
beforeAll(async () => {
  server = await startRedis({ args: ['--appendonly', 'yes'] });
  redis = connect(server.url, 'failFast', 'test', () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
  folder = mkdtempSync(join(tmpdir(), 'analytics-keys-'));
  file = join(folder, 'ring');
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: folder, ANALYTICS_ENCRYPTION_KEY_FILE: file, REDIS_URL: server.url });
});
afterAll(async () => {
  restoreEnvironment();
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const keys = async (...args: string[]) => runHere(createKeysCommand(), args);

async function track(count: number): Promise<void> {
  await using service = new AnalyticsService();
  for (let place = 0; place < count; place += 1) await service.trackEvent({ type: EventType.CUSTOM });
  await service.trackMetric({ name: 'cpu', value: 1, tags: { host: 'a' } });
  await service.processEvents();
}

async function countEvents(): Promise<number> {
  await using service = new AnalyticsService();
  expect(await service.getMetrics({ name: 'cpu' })).toHaveLength(1);
  return (await service.getEvents({ type: EventType.CUSTOM })).length;
}

describe('the command keys', () => {
  test('leads through a rotation, from the first key to the day when it is off the list', async () => {
    await keys('new', '--file', file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await track(3);
    const [, first] = (await keys('status')).stdout.split('\n');
    expect(first).toMatch(/^[0-9a-f]{16} +current +[0-9a-f]{8} +\d+ +2$/);
    const oldId = first!.slice(0, 16);

    await keys('new', '--file', file, '--next');
    expect(await countEvents()).toBe(3);
    await keys('promote', '--file', file);
    expect(await countEvents()).toBe(3);
    expect((await keys('status')).stdout.split('\n')[2]).toMatch(new RegExp(`^${oldId} +older`));
    await expect(keys('retire', oldId)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    const rotated = await keys('rotate');
    expect(rotated).toMatchObject({ code: 0, stderr: expect.stringMatching(/rotate: \d+ data keys looked at, [1-9]\d* wrapped anew; 2 fields, 2 sealed anew; 0 chunks written anew; 0 did not open/) });
    expect(await keys('retire', oldId)).toMatchObject({ code: 0, stderr: expect.stringContaining('0 data keys and 0 fields') });
    await keys('lasting', '--file', file);
    const list = readFileSync(file, 'utf8');
    const without = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(without).toHaveLength(3);
    writeFileSync(file, `${[without[0], without[2]].join('\n')}\n`);
    expect(await countEvents()).toBe(3);
    expect((await keys('status')).stdout).not.toContain(oldId);
    expect(await keys('scrub')).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/^\d+ chunks opened, 0 do not open\.\n$/) });
  });

  test('leaves a rotation to the workers where it is told so, writes anew, and destroys', async () => {
    await keys('new', '--file', file);
    await track(2);
    await keys('new', '--file', file);
    expect(await countEvents()).toBe(2);
    await keys('rotate', '--in-service');
    const waiting = await redis.lrange('analytics:queues:maintenance:wait', 0, -1);
    expect(await redis.hget(`analytics:queues:maintenance:${waiting[0]}`, 'name')).toBe('rekey');
    expect(await keys('reencrypt')).toMatchObject({ code: 0, stderr: expect.stringMatching(/[1-9]\d* chunks written anew; 0 did not open/) });
    expect(await countEvents()).toBe(2);

    const series = createKeys('analytics:').event('custom');
    const [entry] = await redis.zrangebyscoreBuffer(series.time, '-inf', '+inf');
    const chunkId = entry!.subarray(0, 16).toString('hex');
    expect(await keys('destroy', 'custom', chunkId, '--reason', 'a test', '--yes')).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 1') });
    await expect(countEvents()).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(await keys('scrub')).toMatchObject({ code: 1, stdout: expect.stringContaining(`events|custom ${chunkId}`) });
  });

  test('prints no key, and records what was done before it is', async () => {
    await keys('new', '--file', file);
    await track(1);
    await keys('new', '--file', file);
    const outputs = [await keys('status'), await keys('rotate'), await keys('lasting', '--file', file), await keys('scrub')];
    const secrets = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.replace('lasting:', ''));
    expect(secrets).toHaveLength(3);
    for (const { stdout, stderr } of outputs) for (const secret of secrets) expect(stdout + stderr).not.toContain(secret.slice(0, 20));
    expect((await redis.keys('analytics:audit*')).length).toBeGreaterThan(0);
  });

  test('splits the list into shares, a file each, and restores it from two of them', async () => {
    await keys('new', '--file', file);
    await keys('new', '--file', file, '--next');
    const dir = join(folder, 'shares');
    const split = await keys('split', '--dir', dir);
    const files = readdirSync(dir).toSorted().map((name) => join(dir, name));
    expect(files).toHaveLength(3);
    expect(files.map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    const id = /key ([0-9a-f]{16})/.exec(split.stderr)![1]!; // it is told
    expect((await keys('join', '--check', files[0]!, files[2]!)).stderr).toBe(`The shares restore key ${id} and 1 more entry. Nothing was written.\n`);

    const restored = join(folder, 'restored');
    await keys('join', '--file', restored, files[2]!, files[1]!);
    const entriesOf = (name: string) => readFileSync(name, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#')).toSorted();
    expect(entriesOf(restored)).toEqual(entriesOf(file));
    expect(statSync(restored).mode & 0o777).toBe(0o600);
    await expect(keys('join', '--file', restored, files[2]!, files[1]!)).rejects.toThrow('EEXIST');
    await expect(keys('join', '--check', files[0]!)).rejects.toThrow('2 different ones');
    writeFileSync(files[1]!, readFileSync(files[1]!, 'utf8').replace(/.\n$/, 'x\n'));
    await expect(keys('join', '--check', files[0]!, files[1]!)).rejects.toThrow('file 2, line 2');
  });
});
