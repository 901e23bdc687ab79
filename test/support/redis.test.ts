import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

import { built } from './built.js';
import { isAlive, startRedis, type TestRedis } from './redis.js';

const open: TestRedis[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (redis) => redis.stop()));
});

describe('startRedis', () => {
  it('gives a server that answers and ends without a trace', async () => {
    const redis = await startRedis();
    open.push(redis);
    const client = new Redis(redis.url, { lazyConnect: true });
    await client.connect();
    expect(await client.info('server')).toContain(`process_id:${redis.pid}`);
    client.disconnect();
    const { pid } = redis;
    await redis.stop();
    await redis.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('keeps the data over a restart when asked for an AOF', async () => {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    open.push(redis);
    const client = new Redis(redis.url, { lazyConnect: true, retryStrategy: () => 20 });
    client.on('error', () => undefined);
    await client.connect();
    await client.set('kept', 'yes');
    await redis.kill('SIGKILL');
    await redis.restart();
    expect(await client.get('kept')).toBe('yes');
    client.disconnect();
  });

  it('never takes the server of somebody else for its own', async () => {
    const redis = await startRedis();
    open.push(redis);
    await expect(startRedis({ port: redis.port })).rejects.toThrow('ended at once');
  });

  it('gives a server that ends when its parent is killed', async () => {
    const script = `const { startRedis } = await import(${JSON.stringify(pathToFileURL(built('test/support/redis.ts')).href)});
      console.log((await startRedis()).pid); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [data] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(data.toString());
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
