import type { Queue } from 'bullmq';

import { BusyError } from '../errors/BusyError.js';
import { corkTurn } from '../redis/corkTurn.js';
import { readMemoryShare } from '../redis/readMemoryShare.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';
import { admittedUpTo, NEARLY_FULL, RESUME_BELOW, retryAfterMs, type AdmissionClass } from './admission.js';

const READ_EVERY_MS = 50;
/** `INFO memory` takes Redis 50 µs; near the bound it is read each time. */
const MEMORY_EVERY_MS = 250;
/** A figure that is older is not gone by: the first call after a pause waits for a new one, which is one round trip. */
const STALE_MS = 500;
/** Jobs whose events are counted, once so many wait that it matters. */
const LOOKED_AT = 8;
const LOOKS_FROM = 100;
const FRESH_WITHIN_MS = 250;

export interface QueueLoadOptions {
  readonly queue: Queue;
  /** The connection that the queue was made over. */
  readonly redis: RedisClient;
  /** Events that may wait before calls are refused. */
  readonly mostWaiting: number;
}

/**
 * How much waits in a queue, and how full Redis is: how long batches wait for company, and whether calls are taken at all,
 * follow from it. It is read in the background, every 50 ms while somebody asks: a call that is taken costs one comparison.
 */
export class QueueLoad {
  readonly #queue: Queue;
  readonly #redis: RedisClient;
  readonly #mostWaiting: number;
  /** Jobs that are ready to be worked on. */
  #jobs = 0;
  #perJob = 1;
  #waitingShare = 0;
  #memoryShare = 0;
  #memoryAt = -Infinity;
  #readAt = -Infinity;
  readonly #refused = new Set<AdmissionClass>();
  #isAsked = false;
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ queue, redis, mostWaiting }: QueueLoadOptions) {
    this.#queue = queue;
    this.#redis = redis;
    this.#mostWaiting = mostWaiting;
  }

  /** Jobs that are ready to be worked on, as last read. */
  get jobs(): number {
    this.#ask();
    return this.#jobs;
  }

  /** Why calls of this class are refused; undefined while they are taken. */
  refusal(name: AdmissionClass): BusyError | undefined {
    this.#ask();
    if (this.#refused.size === 0 || !this.#refused.has(name)) return undefined;
    return new BusyError(this.#memoryShare >= this.#waitingShare ? 'redisMemory' : 'waiting', retryAfterMs(this.#share, admittedUpTo[name]));
  }

  /** Whether a call should wait for a new figure. */
  get isDoubtful(): boolean {
    return this.#timer === undefined && (this.#share >= NEARLY_FULL || performance.now() - this.#readAt > STALE_MS);
  }

  /** Resolves when the figure is new, or Redis does not give one within 250 ms. */
  async refresh(): Promise<void> {
    this.#ask();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.#reading, new Promise((resolve) => (timer = setTimeout(resolve, FRESH_WITHIN_MS)))]);
    clearTimeout(timer);
  }

  /** Redis has just said that its memory is used up: nobody needs to ask again. */
  markFull(): BusyError {
    this.#memoryShare = Math.max(this.#memoryShare, 1);
    this.#memoryAt = performance.now();
    this.#decide();
    this.#ask();
    return new BusyError('redisMemory', retryAfterMs(this.#memoryShare, admittedUpTo.normal));
  }

  get #share(): number {
    return Math.max(this.#waitingShare, this.#memoryShare);
  }

  #ask(): void {
    this.#isAsked = true;
    if (this.#timer === undefined) this.#readSoon();
  }

  #readSoon(): void {
    this.#isAsked = false;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isAsked) this.#readSoon();
    }, READ_EVERY_MS);
    this.#timer.unref();
  }

  async #read(): Promise<void> {
    const now = performance.now();
    this.#readAt = now;
    const isMemoryDue = this.#share >= NEARLY_FULL || now - this.#memoryAt >= MEMORY_EVERY_MS;
    try {
      corkTurn(this.#redis);
      const [counts, memory] = await Promise.all([this.#readCounts(isMemoryDue && this.#jobs >= LOOKS_FROM), isMemoryDue ? readMemoryShare(this.#redis) : undefined]);
      const [ready, delayed, looked, events] = counts;
      this.#jobs = ready;
      if (looked > 0) this.#perJob = events / looked;
      this.#waitingShare = ((ready + delayed) * this.#perJob) / this.#mostWaiting;
      if (memory !== undefined) {
        this.#memoryShare = memory;
        this.#memoryAt = now;
      }
      this.#decide();
    } catch {
      // Redis is away: the batches themselves will tell. The last figures stand.
    }
  }

  async #readCounts(isLooking: boolean): Promise<[ready: number, delayed: number, looked: number, events: number]> {
    const keys = ['wait', 'prioritized', 'delayed'].map((name) => this.#queue.toKey(name));
    const reply = await script('readQueueLoad').run(this.#redis, { keys, args: [this.#queue.toKey(''), isLooking ? LOOKED_AT : 0] });
    return reply as [number, number, number, number]; // four integers, see the script
  }

  #decide(): void {
    for (const [name, admitted] of Object.entries(admittedUpTo) as [AdmissionClass, number][]) {
      if (this.#share >= admitted) this.#refused.add(name);
      else if (this.#share < admitted - RESUME_BELOW) this.#refused.delete(name);
    }
  }
}
