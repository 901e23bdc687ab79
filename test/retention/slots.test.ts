import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Queue, Worker } from 'bullmq';
import { randomBytes } from 'node:crypto';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { createLogger } from '../../src/logging/createLogger.js';
import type { RunningRole } from '../../src/processes/Runtime.js';
import { createWorker } from '../../src/processing/createWorker.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys, type Keys } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/RedisClient.js';
import { cleanUp, cleanupLimits } from '../../src/retention/cleanUp.js';
import { startScheduling } from '../../src/retention/startScheduling.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const EVERY_MS = 2000;
/** What a busy machine needs beyond what is promised. */
const SLACK_MS = 3000;
/** Services at once, and in each as many that schedule: those that look in the same moment do harm only now and then. */
const SERVICES = 4;
const keyRing = await keyRingFromMaster(randomBytes(32));

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

/** A clean-up that began. */
interface Run {
  /** The time that it is for, ms since 1970, as its job's id says. */
  readonly slot: number;
}

const noop = (): void => undefined;

/** Two processes that schedule and two that work, each with connections of its own. */
class Service {
  readonly runs: Run[] = [];
  readonly queue: Queue;
  readonly #keys: Keys = createKeys(`slots${randomBytes(4).toString('hex')}:`);
  readonly #connections: RedisClient[] = [];
  #workers: Worker[] = [];
  #roles: RunningRole[] = [];
  /** Told of each clean-up that begins. */
  onRun: () => void = noop;

  constructor() {
    this.queue = createQueue(queuePlaces(this.#keys).maintenance, this.#connect());
  }

  async schedule(): Promise<void> {
    const config = parseConfig({ REDIS_URL: server.url, REDIS_PREFIX: this.#keys.prefix, ANALYTICS_CLEANUP_INTERVAL: String(EVERY_MS), ANALYTICS_LOG_LEVEL: 'silent' });
    this.#roles.push(await startScheduling({ config, keys: this.#keys, keyRing, logger: createLogger(config, 'main') }));
  }

  /** Ends one of those that schedule, and starts another. */
  async restartOne(): Promise<void> {
    const role = this.#roles.shift();
    await Promise.all([role?.close(), this.schedule()]);
  }

  async work(): Promise<void> {
    const connection = this.#connect();
    const worker = createWorker({
      place: queuePlaces(this.#keys).maintenance,
      connection,
      concurrency: 1,
      onError: () => undefined,
      processor: async ({ id = '', name }) => {
        if (name !== 'cleanup') return undefined;
        this.runs.push({ slot: Number(id.split(':').at(-1)) });
        this.onRun();
        return cleanUp({ redis: connection, keys: this.#keys }, cleanupLimits(parseConfig({})));
      },
    });
    await worker.waitUntilReady();
    void worker.run();
    this.#workers.push(worker);
  }

  async stopWork(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(async (worker) => worker.close()));
  }

  /** Waits until clean-ups have begun so many times more. @returns how long it took, ms */
  async ranAgain(times: number, most: number): Promise<number> {
    const begun = performance.now();
    const before = this.runs.length;
    if (!(await until(() => this.runs.length >= before + times, most))) throw new Error(`No clean-up began within ${most} ms.`);
    return performance.now() - begun;
  }

  get doubles(): number {
    return closeOnes(this.runs);
  }

  async close(): Promise<void> {
    await Promise.all(this.#roles.map(async (role) => role.close()));
    await this.stopWork();
    await this.queue.close();
    for (const connection of this.#connections) connection.disconnect();
  }

  #connect(): RedisClient {
    const connection = connect(server.url, 'patient', 'slots', () => undefined);
    this.#connections.push(connection);
    return connection;
  }
}

/** How many are for a time that another one is for, or nearly so. */
function closeOnes(runs: readonly Run[]): number {
  const slots = runs.map(({ slot }) => slot).sort((a, b) => a - b);
  return slots.filter((slot, place) => place > 0 && slot - slots[place - 1]! < EVERY_MS / 2).length;
}

async function withService(test: (service: Service) => Promise<void>): Promise<void> {
  const service = new Service();
  try {
    await Promise.all([service.schedule(), service.schedule(), service.work(), service.work()]);
    await service.ranAgain(1, 20_000);
    await test(service);
  } finally {
    await service.close();
  }
}

/** While two processes watch over one schedule for two workers. */
const faults: Readonly<Record<string, (service: Service) => Promise<void>>> = {
  'is blocked: its queue is paused': async (service) => {
    await service.queue.pause();
    await new Promise((resolve) => setTimeout(resolve, 2.5 * EVERY_MS));
    await service.queue.resume();
    expect(await service.ranAgain(1, 20_000)).toBeLessThan(2 * EVERY_MS + SLACK_MS);
    expect(service.doubles).toBe(0);
  },
  'is blocked: no worker runs, and two start at once': async (service) => {
    await service.stopWork();
    await new Promise((resolve) => setTimeout(resolve, 2.5 * EVERY_MS));
    await Promise.all([service.work(), service.work()]);
    expect(await service.ranAgain(1, 20_000)).toBeLessThan(2 * EVERY_MS + SLACK_MS);
    expect(service.doubles).toBe(0);
  },
  'is deleted in Redis': async (service) => {
    const before = service.runs.length;
    await service.queue.removeJobScheduler('cleanup');
    expect(await service.ranAgain(1, 20_000)).toBeLessThan(2 * EVERY_MS + SLACK_MS);
    await service.ranAgain(2, 20_000);
    // One is for the new beginning, which need not wait for its time.
    expect(service.runs.length - before).toBeLessThanOrEqual(4);
    expect(service.doubles).toBeLessThanOrEqual(1);
  },
  'is declared anew by a process that starts at the tick': async (service) => {
    let restarting: Promise<void> = Promise.resolve();
    service.onRun = () => {
      const before = restarting;
      restarting = service.restartOne().then(() => before);
    };
    await service.ranAgain(3, 20_000);
    service.onRun = noop;
    await restarting;
    expect(service.doubles).toBe(0);
  },
};

async function onceAnew(): Promise<void> {
  const services = Array.from({ length: SERVICES }, () => new Service());
  try {
    await Promise.all(services.flatMap((service) => [service.work(), service.work(), ...services.map(async () => service.schedule())]));
    await Promise.all(services.map(async (service) => service.ranAgain(1, 20_000)));
    await Promise.all(services.map(async ({ queue }) => queue.removeJobScheduler('cleanup')));
    // The last one of the old chains may have begun in the same moment, and a new beginning need not wait for its time.
    expect(await until(async () => (await Promise.all(services.map(async ({ queue }) => queue.getActiveCount()))).every((count) => count === 0))).toBe(true);
    const begun = services.map(({ runs }) => runs.length);
    // Those that schedule began together, so they look together.
    await Promise.all(services.map(async (service) => service.ranAgain(2, 20_000)));
    const doubles = services.map(({ runs }, place) => closeOnes(runs.slice(begun[place])));
    expect(doubles).toEqual(services.map(() => 0));
  } finally {
    await Promise.all(services.map(async (service) => service.close()));
  }
}

it('a schedule that is blocked, deleted, or declared at the tick goes on within two intervals, and no clean-up is run twice for one time', async () => {
  // All beside each other, since each is a matter of waiting.
  const named = { ...Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, async () => withService(fault)])), 'is found stopped by several at once': onceAnew };
  const outcomes = await Promise.allSettled(Object.values(named).map(async (run) => run()));
  const failures = Object.keys(named).flatMap((name, place) => {
    const outcome = outcomes[place]!; // one for each
    return outcome.status === 'rejected' ? [`${name}: ${String(outcome.reason)}`] : [];
  });
  expect(failures).toEqual([]);
}, 90_000);
