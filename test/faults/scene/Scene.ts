import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

import { queuePlaces, queueTitles, type QueueTitle } from '../../../queues/names.js';
import { parseConfig, type Config } from '../../../src/config/parseConfig.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { loadKeyRing } from '../../../src/security/loadKeyRing.js';
import type { KeyRing } from '../../../src/security/KeyRing.js';
import { signToken } from '../../../src/security/tokens.js';
import { until } from '../../support/program.js';
import { freePort, startRedis, type TestRedis } from '../../support/redis.js';
import type { Random } from '../random.js';
import { Canary } from './Canary.js';
import { signal } from './freezeJobs.js';
import { watchedUsers } from './people.js';
import { Producer } from './Producer.js';
import { processesWith } from './processTree.js';
import { ServiceProcess } from './ServiceProcess.js';
import { SocketListener } from './SocketListener.js';
import { within } from './within.js';

const PREFIX = 'analytics:';
const PRODUCERS = 3;
const WORKERS = 2;
const RETENTION_DAYS = 1;
const DAY_MS = 86_400_000;
const IN_FLIGHT = 150;
const CONNECTED_MS = 20_000;
const CLOSE_MS = 30_000;
/** As on a server that keeps data: what was acknowledged survives the process, and nothing is thrown out. */
const REDIS_ARGUMENTS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction', '--rdbcompression', 'no', '--logfile', 'redis.log'];

export interface SceneOptions {
  readonly random: Random;
  /** Events a second, over all producers. */
  readonly rate: number;
}

/** A whole service, as pm2 would run it, with clients: each process by itself, each with a proxy before Redis. */
export interface Scene {
  readonly random: Random;
  readonly config: Config;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  readonly redis: TestRedis;
  /** The harness's own connection: nothing stands between it and Redis. */
  readonly client: Redis;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  /** Each runs `processing` and `scheduling`. */
  readonly workers: readonly ServiceProcess[];
  readonly broadcaster: ServiceProcess;
  readonly producers: readonly Producer[];
  readonly listeners: readonly SocketListener[];
  readonly canary: Canary;
  /** Where the histories are. */
  readonly folder: string;
  /** Every process of the scene but the harness and Redis. */
  readonly processes: readonly ServiceProcess[];
  /** Ids of the processes that belong to the scene and were started by none of its processes that run. */
  orphans(): number[];
  /** Jobs of events and samples that wait, are worked on, or are put off. */
  unfinishedJobs(): Promise<number>;
  close(): Promise<void>;
}

export async function createScene({ random, rate }: SceneOptions): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'analytics-faults-'));
  const dataFolder = join(folder, 'data');
  mkdirSync(dataFolder);
  const redis = await startRedis({ args: REDIS_ARGUMENTS });
  const port = await freePort();
  const env = {
    REDIS_PREFIX: PREFIX,
    NODE_ENV: 'test',
    ANALYTICS_WS_PORT: String(port),
    ANALYTICS_DATA_DIR: dataFolder,
    ANALYTICS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64'),
    ANALYTICS_ALLOW_BARE_AUTH: 'false',
    ANALYTICS_RETENTION_DAYS: String(RETENTION_DAYS),
    ANALYTICS_CONCURRENCY: '2',
    // Often, so that merges and clean-ups meet the faults too.
    ANALYTICS_MERGE_INTERVAL: '4000',
    ANALYTICS_CLEANUP_INTERVAL: '3000',
    ANALYTICS_SHUTDOWN_MS: '10000',
    ANALYTICS_LOG_LEVEL: 'info',
  };
  const own = { ...env, REDIS_URL: redis.url };
  const config = parseConfig(own);
  const keys = createKeys(PREFIX);
  const client = new Redis(redis.url, { protocol: 2, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined); // it goes away again and again
  const openQueue = (title: QueueTitle): Queue => {
    const place = queuePlaces(keys)[title];
    const queue = new Queue(place.name, { prefix: place.prefix, connection: client, skipMetasUpdate: true, skipVersionCheck: true });
    queue.on('error', () => undefined);
    return queue;
  };
  const queues = Object.fromEntries(queueTitles.map((title) => [title, openQueue(title)])) as Record<QueueTitle, Queue>; // one for each

  const role = (name: string, services: string): Promise<ServiceProcess> =>
    ServiceProcess.create({ name, program: '../../../src/processes/main.js', args: [`--services=${services}`], env, redisPort: redis.port });
  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, place) => role(`worker-${place + 1}`, 'processing,scheduling')));
  const broadcaster = await role('broadcaster', 'broadcasting');
  const producers = await Promise.all(
    Array.from({ length: PRODUCERS }, async (_, place) => {
      const name = String.fromCodePoint(97 + place); // a, b, c
      const process = await ServiceProcess.create({ name: `producer-${name}`, program: '../producer/main.js', env, redisPort: redis.port });
      const seed = random.whole(0, 1e9);
      return new Producer(process, { name, folder, seed, rate: rate / PRODUCERS, inFlight: IN_FLIGHT, retentionMs: RETENTION_DAYS * DAY_MS });
    }),
  );
  const processes = [...workers, broadcaster, ...producers.map((each) => each.process)];
  const listeners: SocketListener[] = [];
  const canary = new Canary({ config: own, folder });

  const scene: Scene = {
    random,
    config,
    keys,
    keyRing: await loadKeyRing(config),
    redis,
    client,
    queues,
    workers,
    broadcaster,
    producers,
    listeners,
    canary,
    folder,
    processes,
    orphans() {
      // In this order: a child that starts in between is nobody's orphan.
      const found = processesWith(dataFolder);
      const known = new Set(processes.filter((each) => each.isRunning).flatMap((each) => [each.pid, ...each.children]));
      return found.filter((pid) => !known.has(pid));
    },
    async unfinishedJobs() {
      const counts = await Promise.all([queues.events, queues.metrics].map((queue) => queue.getJobCounts('wait', 'prioritized', 'active', 'delayed')));
      return counts.flatMap((states) => Object.values(states)).reduce((sum, count) => sum + count, 0);
    },
    async close() {
      for (const listener of listeners) listener.close();
      try {
        const ended = Promise.allSettled([...processes.map((each) => each.dispose()), canary.close()]);
        await within(CLOSE_MS, 'The end of the processes', ended);
        await within(CLOSE_MS, 'The end of the queues', Promise.allSettled(Object.values(queues).map((queue) => queue.close())));
      } finally {
        for (const pid of processesWith(dataFolder)) signal(pid, 'SIGKILL');
        client.disconnect();
        await redis.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };

  try {
    await Promise.all([...workers, broadcaster].map((each) => each.start()));
    for (const userId of watchedUsers) {
      const token = await signToken(config, { subject: userId, roles: [], ttlSeconds: 24 * 3600 });
      listeners.push(new SocketListener(`ws://127.0.0.1:${port}`, userId, token));
    }
    if (!(await until(() => listeners.every(({ isSignedIn }) => isSignedIn), CONNECTED_MS))) throw new Error('A socket was not let in.');
    for (const producer of producers) producer.start();
  } catch (error) {
    await scene.close();
    throw error;
  }
  return scene;
}
