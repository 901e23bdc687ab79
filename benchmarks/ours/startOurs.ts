import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Queue } from 'bullmq';

import { queuePlaces } from '../../queues/names.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { EventType } from '../../src/contract/EventType.js';
import { createKeys } from '../../src/redis/keys.js';
import { signToken } from '../../src/security/tokens.js';
import { watchedUser } from '../events.js';
import type { Pipeline } from '../support/Pipeline.js';
import type { ProducerCommands } from '../support/producer.js';
import type { ClientCommands } from '../support/socketClient.js';
import { endProcess, startChild, type Child } from '../support/startChild.js';
import { freePort, type BenchmarkRedis } from '../support/startRedis.js';

export interface OursOptions {
  readonly batchSize: number;
  /** ms; default 1,000, the service's own. */
  readonly processingInterval?: number;
  /** Default: the user of the sample events that the figures watch. */
  readonly userId?: string;
  /** Only a producer, for what is measured up to the acknowledgement. Default: false. */
  readonly isProducerOnly?: boolean;
}

const PREFIX = 'analytics:';

/** This service as `pm2` runs it: workers and broadcaster in processes of their own, the guard on, everything sealed. */
export async function startOurs(redis: BenchmarkRedis, options: OursOptions): Promise<Pipeline> {
  const { batchSize, processingInterval = 1000, userId = watchedUser, isProducerOnly = false } = options;
  const directory = await mkdtemp(join(tmpdir(), 'analytics-bench-'));
  const port = await freePort();
  const env = {
    REDIS_URL: redis.url,
    REDIS_PREFIX: PREFIX,
    NODE_ENV: 'test',
    ANALYTICS_WS_PORT: String(port),
    ANALYTICS_DATA_DIR: directory,
    ANALYTICS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64'),
    ANALYTICS_LOG_LEVEL: 'warn',
    ANALYTICS_ALLOW_BARE_AUTH: 'false',
    BENCH_BATCH_SIZE: String(batchSize),
    BENCH_PROCESSING_INTERVAL: String(processingInterval),
  };
  const keys = createKeys(PREFIX);
  const place = queuePlaces(keys).events;
  const queue = new Queue(place.name, {
    prefix: place.prefix,
    connection: { url: redis.url, maxRetriesPerRequest: null, protocol: 2 },
    skipMetasUpdate: true,
  });

  const roles = isProducerOnly ? [] : (['processing', 'broadcasting'] as const).map((role) => startRole(role, env));
  const client = startChild<ClientCommands>(new URL('../support/socketClient.js', import.meta.url), env);
  const producers: Child<ProducerCommands>[] = [];
  const producer = addProducer();

  function addProducer(): Child<ProducerCommands> {
    const added = startChild<ProducerCommands>(new URL('./producer.js', import.meta.url), env);
    producers.push(added);
    return added;
  }

  if (!isProducerOnly) {
    const token = await signToken(parseConfig(env), { subject: userId, roles: [], ttlSeconds: 3600 });
    await client.ask('connect', { url: `ws://127.0.0.1:${port}`, userId, token });
  }
  const [worker, broadcaster] = roles;

  return {
    name: `batchSize ${batchSize}`,
    producer,
    addProducer,
    client,
    processes: {
      producer: producer.pid,
      ...(worker?.pid && broadcaster?.pid && { worker: worker.pid, broadcaster: broadcaster.pid }),
      client: client.pid,
      redis: redis.pid,
    },
    async storedEvents() {
      const offsets = await Promise.all(
        Object.values(EventType).map((type) => redis.client.hget(keys.event(type).counts, 'offset')),
      );
      return offsets.reduce((sum, offset) => sum + Number(offset ?? 0), 0);
    },
    async waitingJobs() {
      const counts = await queue.getJobCounts('wait', 'prioritized');
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    async close() {
      await Promise.all(producers.map((each) => each.ask('close', undefined)));
      await Promise.all([...producers, client].map((child) => child.stop()));
      await Promise.all([...roles.map((role) => endProcess(role)), queue.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function startRole(role: string, env: Readonly<Record<string, string>>): ChildProcess {
  const main = fileURLToPath(new URL('../../src/processes/main.js', import.meta.url));
  return spawn(process.execPath, [main, `--services=${role}`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
