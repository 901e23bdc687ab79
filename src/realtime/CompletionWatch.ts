import { QueueEvents, QueueKeys } from 'bullmq';

import { batchResultSchema } from '../../queues/jobs.js';
import type { QueuePlace } from '../../queues/names.js';
import { isCluster, type RedisClient } from '../redis/RedisClient.js';

export interface CompletionWatchOptions {
  readonly place: QueuePlace;
  /** A patient connection; BullMQ makes one like it for its blocking read. */
  readonly redis: RedisClient;
  /** Told of each completed job: the event types that it stored something of, or undefined if it does not say. */
  readonly onCompleted: (types: readonly string[] | undefined) => void;
  readonly onRestart: () => void;
  readonly onError: (error: unknown) => void;
}

const RESTART_MS = 250;
const CLOSE_MS = 1000;
/** Redis answers a blocking read at least this often. */
const BLOCK_MS = 5000;

/**
 * Listens to completed jobs. It only wakes: QueueEvents loses what happens while it is away, and one return value that
 * is no JSON ends its loop for good, so it is started again whenever it ends.
 */
export class CompletionWatch {
  readonly #options: CompletionWatchOptions;
  #listener: QueueEvents | undefined;
  #connection: RedisClient | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #wakeRestart: (() => void) | undefined;

  constructor(options: CompletionWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#supervise();
  }

  /** Bounded; safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wakeRestart?.();
    await this.#closeListener();
    await bounded(this.#running ?? Promise.resolve());
  }

  async #supervise(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#listen();
      } catch (error) {
        if (!this.#isClosed) this.#options.onError(error);
      }
      await this.#closeListener();
      if (this.#isClosed) return;
      this.#options.onRestart();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, RESTART_MS);
        this.#wakeRestart = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #listen(): Promise<void> {
    const { place, redis, onError } = this.#options;
    const events = new QueueKeys(place.prefix).toKey(place.name, 'events');
    // BullMQ's own default '$' is taken anew with each read until the first event comes: what happens while it
    // reconnects would be passed over.
    const [last] = await redis.xrevrange(events, '+', '-', 'COUNT', 1);
    if (this.#isClosed) return;
    // BullMQ makes a connection of its own out of this one. It is caught here because BullMQ's close() waits for it for
    // ever while Redis is away, and one that goes on trying keeps the process from ending.
    const template = isCluster(redis) ? redis.duplicate([], { lazyConnect: true }) : redis.duplicate({ lazyConnect: true });
    const duplicate = redis.duplicate.bind(redis) as (...args: unknown[]) => RedisClient; // BullMQ knows which it has
    template.duplicate = ((...args: unknown[]) => {
      this.#connection = duplicate(...args);
      return this.#connection;
    }) as never; // one assignment to what is a Redis or a Cluster
    const listener = new QueueEvents(place.name, {
      connection: template,
      prefix: place.prefix,
      autorun: false,
      lastEventId: last?.[0] ?? '0-0',
      blockingTimeout: BLOCK_MS,
      skipVersionCheck: true,
    });
    this.#listener = listener;
    listener.on('error', onError);
    listener.on('completed', ({ returnvalue }) => this.#completed(returnvalue));
    await listener.run();
  }

  #completed(returnValue: unknown): void {
    const result = batchResultSchema.safeParse(returnValue);
    this.#options.onCompleted(result.success ? result.data.types : undefined);
  }

  async #closeListener(): Promise<void> {
    const listener = this.#listener;
    const connection = this.#connection;
    this.#listener = undefined;
    this.#connection = undefined;
    await bounded(listener?.close() ?? Promise.resolve());
    connection?.disconnect();
  }
}

/** Waits for it a second at most: closing never ends while Redis is unreachable. */
async function bounded(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const settled = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))]);
  clearTimeout(timer);
}
