import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { AnalyticsService } from '../../../src/lib/services/analytics/AnalyticsService.js';
import type { AnalyticsServiceOptions } from '../../../src/lib/services/analytics/options.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { isListening, runProgram, until, type RunningProgram } from '../../support/program.js';
import { freePort } from '../../support/redis.js';

/** Built: sources take three seconds of a core to start, and each child as much again. */
const MAIN = fileURLToPath(new URL('../../../dist/src/processes/main.js', import.meta.url));
const PREFIX = 'cluster:';
const START_MS = 40_000;
/** Long enough for a failover: a call that ends before it counts as unknown. */
const DEADLINE_MS = 8000;

export interface ServiceOptions {
  readonly redisCluster?: readonly string[];
  readonly redisSentinels?: readonly string[];
  readonly durability: 'default' | 'replicated';
}

/** The worker as it runs in production, with its children, and a client of it. */
export class Service {
  readonly client: AnalyticsService;
  readonly keys: Keys;
  readonly socketUrl: string;
  /** Errors that no call reported. */
  readonly errors: Error[] = [];
  readonly worker: RunningProgram;

  private constructor(worker: RunningProgram, options: AnalyticsServiceOptions, port: number) {
    this.worker = worker;
    this.client = new AnalyticsService({ ...options, redisPrefix: PREFIX, deadlineMs: DEADLINE_MS, onError: (error) => this.errors.push(error) });
    this.keys = createKeys(PREFIX, { cluster: options.redisCluster !== undefined });
    this.socketUrl = `ws://127.0.0.1:${port}`;
  }

  static async start({ durability, redisCluster, redisSentinels }: ServiceOptions): Promise<Service> {
    const port = await freePort();
    const encryptionKey = randomBytes(32).toString('base64');
    const worker = runProgram([MAIN, '--services=processing,broadcasting,scheduling'], {
      ...(redisCluster !== undefined && { REDIS_CLUSTER: redisCluster.join() }),
      ...(redisSentinels !== undefined && { REDIS_SENTINELS: redisSentinels.join() }),
      REDIS_PREFIX: PREFIX,
      ANALYTICS_DURABILITY: durability,
      ANALYTICS_ENCRYPTION_KEY: encryptionKey,
      ANALYTICS_WS_PORT: String(port),
      ANALYTICS_CONCURRENCY: '1',
    });
    const isThere = await until(async () => isListening(port), START_MS);
    if (!isThere) {
      worker.child.kill('SIGKILL');
      throw new Error(`The worker did not start:\n${worker.output()}`);
    }
    const place = redisCluster === undefined ? { redisSentinels: redisSentinels ?? [] } : { redisCluster };
    return new Service(worker, { ...place, durability, encryptionKey }, port);
  }

  /** Waits until nothing waits and nothing is at work. */
  async settled(mostMs = 30_000): Promise<boolean> {
    return until(async () => {
      const { queue } = await this.client.getStats();
      if (queue === null) return false;
      const { events, metrics } = queue.queues;
      return [events, metrics].every(({ waiting, active, delayed }) => waiting + active + delayed === 0);
    }, mostMs);
  }

  async stop(): Promise<void> {
    await this.client.close({ timeoutMs: 2000 }).catch(() => undefined);
    this.worker.signalGroup('SIGTERM');
    await this.worker.ended(30_000).catch(() => this.worker.signalGroup('SIGKILL'));
  }
}
