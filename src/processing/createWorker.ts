import { Worker, type Processor, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';

import type { QueuePlace } from '../../queues/names.js';

export interface CreateWorkerOptions {
  readonly place: QueuePlace;
  /** A file for a sandboxed child, or a function to run in this process. */
  readonly processor: URL | Processor;
  /** A patient connection that the caller opened and closes; the worker adds a blocking one of its own. */
  readonly connection: Redis;
  /** Jobs at a time; for a file also the number of children. */
  readonly concurrency: number;
  readonly onError: (error: Error) => void;
}

/**
 * - A lock of 2.5 s, looked after every second, lets a killed worker's job run again within 5 s. A false stall on a busy
 *   host does no harm: a job that runs twice stores once.
 * - 50 stalls before a job is given up: crashes of workers must not turn good events into dead letters.
 */
const reliability = {
  lockDuration: 2500,
  stalledInterval: 1000,
  maxStalledCount: 50,
  maxStartedAttempts: 60,
} as const satisfies Partial<WorkerOptions>;

/** A BullMQ worker, not yet running: call `run()`. */
export function createWorker({ place, processor, connection, concurrency, onError }: CreateWorkerOptions): Worker {
  const isTypeScript = processor instanceof URL && processor.pathname.endsWith('.ts');
  const worker = new Worker(place.name, processor as Processor, {
    connection,
    prefix: place.prefix,
    autorun: false,
    concurrency,
    ...reliability,
    skipVersionCheck: true,
    workerForkOptions: {
      // A group of its own: Ctrl-C reaches the whole terminal group, and would kill a child in the midst of its job, or
      // of its start, after which BullMQ's close never ends. Children end with their parent all the same.
      detached: true,
      // Sources run under tsx, in development and in tests. A child works on one batch at a time with a small heap: threads
      // that help to collect it cost 8 % of its CPU.
      execArgv: isTypeScript ? ['--import', 'tsx'] : ['--single-threaded-gc'],
    },
  });
  worker.on('error', onError);
  return worker;
}

/** The file of a processor, built or source as this file is. */
export function processorFile(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../../processors/${name}.${extension}`, import.meta.url);
}
