import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Queue } from 'bullmq';

import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { EventType } from '../../src/contract/EventType.js';
import { createKeys } from '../../src/redis/keys.js';
import { signToken } from '../../src/security/tokens.js';
import { watchedUser } from '../data/events.js';
import { METRIC_NAME } from '../data/metricSample.js';
import type { Pipeline } from '../support/Pipeline.js';
import type { ProducerCommands } from '../support/producer.js';
import { producerFlags } from '../support/producerFlags.js';
import type { ClientCommands } from '../support/socketClient.js';
import { endProcess, startChild, type Child } from '../support/startChild.js';
import { freePort, type BenchmarkRedis } from '../support/startRedis.js';
import type { OursReaderCommands } from './reader.js';

export interface OursOptions {
  readonly batchSize: number;
  /** ms; default 1,000, the service's own. */
  readonly processingInterval?: number;
  /** What runs beside the producer. Default: workers, and a broadcaster with the watched user's socket. */
  readonly roles?: readonly ('processing' | 'broadcasting')[];
  /** Default 90, the service's own. */
  readonly retentionDays?: number;
  /** ms; default 2,500, the service's own. Longer where a store is filled and nobody waits for an answer. */
  readonly deadlineMs?: number;
}

export interface OursPipeline extends Pipeline {
  addProducer(options?: { readonly batchSize: number }): Child<ProducerCommands>;
  /** A process that asks; the pipeline ends it. */
  addReader(): Child<OursReaderCommands>;
  /** Samples that can be read back from the store. */
  storedSamples(): Promise<number>;
}

const PREFIX = 'analytics:';

/** This service as `pm2` runs it: workers and broadcaster in processes of their own, the guard on, everything sealed. */
export async function startOurs(redis: BenchmarkRedis, options: OursOptions): Promise<OursPipeline> {
  const { batchSize, processingInterval = 1000, roles = ['processing', 'broadcasting'] } = options;
  const { retentionDays = 90, deadlineMs = 2500 } = options;
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
    ANALYTICS_RETENTION_DAYS: String(retentionDays),
    ANALYTICS_DEADLINE_MS: String(deadlineMs),
    BENCH_BATCH_SIZE: String(batchSize),
    BENCH_PROCESSING_INTERVAL: String(processingInterval),
  };
  const keys = createKeys(PREFIX);
  const open = (title: QueueTitle): Queue =>
    new Queue(queuePlaces(keys)[title].name, {
      prefix: queuePlaces(keys)[title].prefix,
      connection: { url: redis.url, maxRetriesPerRequest: null, protocol: 2 },
      skipMetasUpdate: true,
    });
  const queues = [open('events'), open('metrics')];

  const processes: Partial<Record<string, ChildProcess>> = Object.fromEntries(roles.map((role) => [role, startRole(role, env)]));
  const client = startChild<ClientCommands>(new URL('../support/socketClient.js', import.meta.url), env);
  const producers: Child<ProducerCommands>[] = [];
  const readers: Child<OursReaderCommands>[] = [];
  const addProducer: OursPipeline['addProducer'] = (own) => {
    const size = own && { BENCH_BATCH_SIZE: String(own.batchSize) };
    const added = startChild<ProducerCommands>(new URL('./producer.js', import.meta.url), { ...env, ...size }, producerFlags);
    producers.push(added);
    return added;
  };
  const producer = addProducer();

  if (roles.includes('broadcasting')) {
    const token = await signToken(parseConfig(env), { subject: watchedUser, roles: [], ttlSeconds: 3600 });
    await client.ask('connect', { url: `ws://127.0.0.1:${port}`, userId: watchedUser, token });
  }
  const { processing, broadcasting } = processes;

  return {
    name: `batchSize ${batchSize}`,
    producer,
    addProducer,
    addReader() {
      const added = startChild<OursReaderCommands>(new URL('./reader.js', import.meta.url), env);
      readers.push(added);
      return added;
    },
    client,
    processes: {
      producer: producer.pid,
      ...(processing?.pid && { worker: processing.pid }),
      ...(broadcasting?.pid && { broadcaster: broadcasting.pid }),
      client: client.pid,
      redis: redis.pid,
    },
    async storedEvents() {
      const offsets = await Promise.all(
        Object.values(EventType).map((type) => redis.client.hget(keys.event(type).counts, 'offset')),
      );
      return offsets.reduce((sum, offset) => sum + Number(offset ?? 0), 0);
    },
    async storedSamples() {
      const counts = await redis.client.hgetall(keys.metric(METRIC_NAME).counts);
      // The other fields of the hash are not named by an hour's number alone.
      return Object.entries(counts).reduce((sum, [field, count]) => (/^\d+$/.test(field) ? sum + Number(count) : sum), 0);
    },
    async waitingJobs() {
      const counts = await Promise.all(queues.map((queue) => queue.getJobCounts('wait', 'prioritized')));
      return counts.flatMap((states) => Object.values(states)).reduce((sum, count) => sum + count, 0);
    },
    async close() {
      await Promise.all([...producers.map((each) => each.ask('close', undefined)), ...readers.map((each) => each.ask('close', undefined))]);
      await Promise.all([...producers, ...readers, client].map((child) => child.stop()));
      await Promise.all([...Object.values(processes).map((each) => each && endProcess(each)), ...queues.map((queue) => queue.close())]);
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
