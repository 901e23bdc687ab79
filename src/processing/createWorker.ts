import { Worker, type Processor, type WorkerOptions } from 'bullmq';

import type { QueuePlace } from '../../queues/names.js';
import type { ChildEvent, ChildLimits } from './children/ChildPoolOptions.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { governErrors } from './governErrors.js';
import { correctDelays, correction } from './correctDelays.js';
import { promoteWaiting, promotion } from './promoteWaiting.js';
import { startRepeating } from './startRepeating.js';
import { SupervisedWorker } from './SupervisedWorker.js';

export interface CreateWorkerOptions {
  readonly place: QueuePlace;
  /** A patient connection that the caller opened and closes; the worker adds a blocking one of its own. */
  readonly connection: RedisClient;
  /** Jobs at a time; with children also their number. */
  readonly concurrency: number;
  readonly onError: (error: Error) => void;
}

export interface CreateSupervisedWorkerOptions extends CreateWorkerOptions {
  /** A file of `processors`. */
  readonly processor: URL;
  readonly limits: ChildLimits;
  readonly onChild: (event: ChildEvent) => void;
  /** Told each line that a child writes to its log. */
  readonly onLine: (line: string) => void;
}

/**
 * - A lock of 2.5 s, looked after every second, lets a killed worker's job run again within 5 s. A false stall on a busy
 *   host does no harm: a job that runs twice stores once.
 * - 50 stalls before a job is given up: crashes of workers must not turn good events into dead letters.
 * - 500 starts: a job may be put back that found no child, which is not its fault. One that fails has its attempts.
 * - A second after a connection failed it is tried again, not 15.
 */
const reliability = {
  lockDuration: 2500,
  stalledInterval: 1000,
  maxStalledCount: 50,
  maxStartedAttempts: 500,
  runRetryDelay: 1000,
} as const satisfies Partial<WorkerOptions>;

/** A worker that runs its jobs in this process, not yet running: call `run()`. */
export function createWorker(options: CreateWorkerOptions & { readonly processor: Processor }): Worker {
  const worker = new Worker(options.place.name, options.processor, workerOptions(options));
  governErrors(worker, options.onError);
  keepOrder(worker, options);
  return worker;
}

/** A worker that runs its jobs in children, not yet running: call `run()`. */
export function createSupervisedWorker(options: CreateSupervisedWorkerOptions): SupervisedWorker {
  const { place, processor, limits, onChild, onLine, onError } = options;
  const children = { execArgv: execArgvOf(processor, limits), limits, onEvent: onChild, onLine };
  const worker = new SupervisedWorker(place.name, processor, children, workerOptions(options));
  governErrors(worker, onError);
  keepOrder(worker, options);
  return worker;
}

/** What BullMQ leaves to chance: events have priorities, of which none may starve, and delays are by each worker's own clock. */
function keepOrder(worker: Worker, { place, connection, onError }: CreateWorkerOptions): void {
  const queue = { redis: connection, toKey: (name: string) => worker.toKey(name) };
  const ends = [startRepeating(correction.everyMs, () => correctDelays(queue), onError)];
  if (place.title === 'events') ends.push(startRepeating(promotion.everyMs, () => promoteWaiting(queue), onError));
  worker.once('closing', () => ends.forEach((end) => end()));
}

function workerOptions({ place, connection, concurrency }: CreateWorkerOptions): WorkerOptions & { readonly concurrency: number } {
  return { connection, prefix: place.prefix, autorun: false, concurrency, ...reliability, skipVersionCheck: true };
}

function execArgvOf(processor: URL, limits: ChildLimits): string[] {
  return [
    // Within one job a child may grow to twice its limit, and no further: it then ends and not the machine.
    `--max-old-space-size=${Math.ceil((2 * limits.memory) / 2 ** 20)}`,
    // Sources run under tsx, in development and in tests. A child works on one batch at a time with a small heap: threads
    // that help to collect it cost 8 % of its CPU.
    ...(processor.pathname.endsWith('.ts') ? ['--import', 'tsx'] : ['--single-threaded-gc']),
  ];
}

/** The file of a processor, built or source as this file is. */
export function processorFile(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../../processors/${name}.${extension}`, import.meta.url);
}
