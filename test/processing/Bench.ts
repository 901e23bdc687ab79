import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Job, Queue } from 'bullmq';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import type { ChildEvent, ChildLimits } from '../../src/processing/children/ChildPoolOptions.js';
import { closeWorker } from '../../src/processing/closeWorker.js';
import { createSupervisedWorker } from '../../src/processing/createWorker.js';
import type { SupervisedWorker } from '../../src/processing/SupervisedWorker.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { until } from '../support/program.js';
import { isAlive, type TestRedis } from '../support/redis.js';
import { readStarts, type FixtureData, type Start } from './processors/misbehave.js';

export interface BenchOptions {
  readonly concurrency?: number;
  readonly limits?: Partial<ChildLimits>;
  /** A file of `processors`. Default: `misbehave`. */
  readonly processor?: string;
  /** Of its keys. Default: one of its own. */
  readonly prefix?: string;
}

/** Sources start in two seconds where seven others work; what is built starts in a third of one. */
const START_MS = 20_000;
/** Within which a bench's worker closes. */
export const CLOSE_MS = 2000;

/** A queue of its own, with a supervised worker whose processor does what a job's name says. */
export class Bench {
  static #count = 0;
  readonly queue: Queue;
  readonly worker: SupervisedWorker;
  readonly events: ChildEvent[] = [];
  /** What its children logged. */
  readonly lines: string[] = [];
  readonly errors: Error[] = [];
  readonly failures: string[] = [];
  readonly file: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'analytics-processing-'));
  readonly #connection;

  constructor(redis: TestRedis, { concurrency = 1, limits = {}, processor = 'misbehave', prefix }: BenchOptions = {}) {
    Bench.#count += 1;
    this.file = join(this.#folder, 'starts');
    this.#connection = connect(redis.url, 'patient', 'bench', () => undefined);
    const place = queuePlaces(createKeys(prefix ?? `bench${Bench.#count}:`)).events;
    this.queue = createQueue(place, this.#connection);
    this.queue.on('error', () => undefined);
    this.worker = createSupervisedWorker({
      place,
      processor: new URL(`./processors/${processor}.ts`, import.meta.url),
      connection: this.#connection,
      concurrency,
      limits: { deadlineMs: 60_000, jobs: 1e6, memory: 2 ** 30, startMs: START_MS, ...limits },
      onError: (error) => this.errors.push(error),
      onChild: (event) => this.events.push(event),
      onLine: (line) => this.lines.push(line),
    });
    this.worker.on('failed', (_job, error) => this.failures.push(error.message));
    void this.worker.run();
  }

  get starts(): Start[] {
    return readStarts(this.file);
  }

  async add(name: string, data: Omit<FixtureData, 'file'> = {}, attempts?: number): Promise<Job> {
    return this.queue.add(name, { file: this.file, ...data }, attempts === undefined ? {} : { attempts });
  }

  /** Runs a job that is well, so that a child is there. @returns its process id */
  async warm(): Promise<number> {
    const job = await this.add('well');
    await this.untilDone(job);
    return this.starts.at(-1)!.pid;
  }

  /** Waits until these jobs were done: they are removed then. */
  async untilDone(...jobs: readonly Job[]): Promise<void> {
    await this.until(async () => (await Promise.all(jobs.map(async ({ id }) => this.queue.getJobState(id!)))).every((state) => state === 'unknown')); // they were added
  }

  async until(condition: () => boolean | Promise<boolean>, mostMs = 25_000): Promise<void> {
    if (!(await until(condition, mostMs))) throw new Error(`It never came: ${JSON.stringify({ starts: this.starts, events: this.events, failures: this.failures })}`);
  }

  startsOf(job: Job): Start[] {
    return this.starts.filter((start) => start.job === job.id);
  }

  /** Ends it all. @throws when a child lives yet */
  async close(): Promise<void> {
    const pids = [...this.starts.map(({ pid }) => pid), ...this.worker.children.pids];
    await closeWorker(this.worker, CLOSE_MS);
    await this.queue.close();
    this.#connection.disconnect();
    rmSync(this.#folder, { recursive: true, force: true });
    if (pids.some(isAlive)) throw new Error('A child lives on.');
  }
}

/** Runs a test with a bench of its own. */
export async function withBench(redis: TestRedis, options: BenchOptions, test: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = new Bench(redis, options);
  try {
    await test(bench);
  } finally {
    await bench.close();
  }
}
