import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';

import { endProcess } from './startChild.js';

/** A Redis of the benchmark's own: empty, on a free port, in a temporary folder that is removed with it. */
export interface BenchmarkRedis {
  readonly url: string;
  readonly pid: number;
  /** A connection for the harness itself. */
  readonly client: Redis;
  /** `used_memory` in bytes. */
  usedMemory(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Every contestant gets the same server: AOF every second, no snapshots, `noeviction`, and no rewriting of the AOF, which
 * would fork in the middle of one contestant's figures.
 *
 * @param options `isAppending`: false where an AOF is only written to fill a store that is then read. Default: true.
 */
export async function startRedis({ isAppending = true }: { isAppending?: boolean } = {}): Promise<BenchmarkRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'analytics-bench-'));
  const port = await freePort();
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: isAppending ? 'yes' : 'no',
    appendfsync: 'everysec',
    'auto-aof-rewrite-percentage': '0',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  };
  const server = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await once(server, 'spawn');
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { protocol: 2, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined); // It is not up yet: the retry below is the answer to that.
  while ((await client.ping().catch(() => '')) !== 'PONG') await sleep(20);

  return {
    url,
    pid: server.pid ?? 0,
    client,
    async usedMemory() {
      const info = await client.info('memory');
      return Number(/used_memory:(\d+)/.exec(info)?.[1]);
    },
    async stop() {
      client.disconnect();
      await endProcess(server);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A TCP port of the loopback address that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address object, never a string.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
