import { randomBytes } from 'node:crypto';

import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import type { BatchResult } from '../../queues/jobs.js';
import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { newBatchId } from '../../src/codec/batchId.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { createDeadLetters, type DeadLetters } from '../../src/deadletters/createDeadLetters.js';
import { createIngestion, type Ingestion } from '../../src/ingestion/createIngestion.js';
import { jobFailure } from '../../src/ingestion/jobFailure.js';
import type { LogFields } from '../../src/logging/fields.js';
import { closeWorker } from '../../src/processing/closeWorker.js';
import { createWorker } from '../../src/processing/createWorker.js';
import { EventBatch } from '../../src/producer/EventBatch.js';
import { MetricBatch } from '../../src/producer/MetricBatch.js';
import type { NormalizedEvent } from '../../src/producer/normalizeEvent.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys, type Keys } from '../../src/redis/keys.js';
import { offGuard } from '../../src/security/guard/offGuard.js';
import { keyRingFromMaster, type KeyRing } from '../../src/security/KeyRing.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { until } from '../support/program.js';
import type { TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

/** What no list, log or record may hold. */
export const CANARY = 'canary-4711-patient-jane';

/** The properties of every event. */
export function told(): Readonly<Record<string, string>> {
  return { note: people.note, phone: people.phone, email: people.email, ssn: people.ssn };
}

export interface SentEvent {
  readonly id?: string;
  readonly type?: string;
  readonly timestamp?: number;
}

export interface SendOptions {
  readonly keyRing?: KeyRing;
  readonly priority?: number;
  readonly attempts?: number;
  /** Spoils the sealed batch. */
  readonly isSpoilt?: boolean;
}

/** Queues, a worker that fails for real reasons, and the dead letters that come of it. Every one has a prefix of its own. */
export class Letterbox {
  static #count = 0;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  readonly keyRing: KeyRing;
  readonly deadLetters: DeadLetters;
  readonly ingestion: Ingestion;
  readonly logged: [sentence: string, fields: LogFields | undefined][] = [];
  /** What the worker stored, in its order. */
  readonly results: { readonly id: string; readonly priority: number; readonly result: BatchResult }[] = [];
  /** What the worker began, in its order, and when by `performance.now()`. */
  readonly begun: { readonly id: string; readonly priority: number; readonly at: number }[] = [];
  /** Added to the clock of the worker. */
  aheadMs = 0;
  readonly #patient: Redis;
  readonly #workers: Worker[] = [];

  static async open(server: TestRedis): Promise<Letterbox> {
    return new Letterbox(server, await keyRingFromMaster(randomBytes(32)));
  }

  private constructor(server: TestRedis, keyRing: KeyRing) {
    Letterbox.#count += 1;
    this.keys = createKeys(`letters${Letterbox.#count}:`);
    this.keyRing = keyRing;
    this.redis = connect(server.url, 'failFast', 'test', () => undefined);
    this.#patient = connect(server.url, 'patient', 'test', () => undefined);
    const places = queuePlaces(this.keys);
    this.queues = { events: createQueue(places.events, this.redis), metrics: createQueue(places.metrics, this.redis), maintenance: createQueue(places.maintenance, this.redis) };
    for (const queue of Object.values(this.queues)) queue.on('error', () => undefined);
    this.ingestion = createIngestion({
      redis: this.#patient,
      keys: this.keys,
      keyRing,
      retentionDays: () => 90,
      metricRetentionDays: 90,
      seriesLimit: 1000,
      now: () => Date.now() + this.aheadMs,
    });
    const logger = { info: (sentence: string, fields?: LogFields) => void this.logged.push([sentence, fields]) };
    this.deadLetters = createDeadLetters({ redis: this.redis, keys: this.keys, queues: this.queues, keyRing, logger });
  }

  /** Adds a batch of events as a producer does. @returns the job's id */
  async sendEvents(events: readonly SentEvent[], options: SendOptions = {}): Promise<string> {
    const batch = new EventBatch(EventPriority.NORMAL, Date.now());
    for (const { id, type = 'page_view', timestamp = Date.now() } of events) {
      const event: NormalizedEvent = {
        id,
        type,
        priority: EventPriority.NORMAL,
        userId: people.ann,
        sessionId: undefined,
        timestamp,
        propertiesJson: JSON.stringify(told()),
        metadataJson: undefined,
        bytes: 40,
      };
      batch.add(event);
    }
    return this.#send('events', batch, options);
  }

  async sendSamples(count: number, options: SendOptions = {}): Promise<string> {
    const batch = new MetricBatch(Date.now());
    for (let place = 0; place < count; place += 1) {
      batch.add(normalizeMetric({ name: 'pulse', tags: { site: people.note }, value: place, timestamp: Date.now() }, { guard: offGuard, now: Date.now() }));
    }
    return this.#send('metrics', batch, options);
  }

  async #send(
    kind: 'events' | 'metrics',
    batch: { readonly id: string; readonly count: number; encode(): Buffer },
    { keyRing = this.keyRing, priority = 100, attempts = 1, isSpoilt = false }: SendOptions,
  ): Promise<string> {
    await keyRing.transport.prepare();
    const { sealedKey, ciphertext } = keyRing.transport.seal(batch.id, kind, batch.count, batch.encode());
    if (isSpoilt) ciphertext[ciphertext.length - 1]! ^= 1;
    const payload = { v: 1, to: keyRing.publicId, key: sealedKey.toString('base64'), n: batch.count, c: ciphertext.toString('base64') };
    await this.queues[kind].add('batch', payload, { jobId: batch.id, priority, attempts, backoff: 1 });
    return batch.id;
  }

  /** Puts `count` dead letters there as a worker leaves them, without one: for thousands of them. */
  async plant(queue: QueueTitle, count: number, job: (place: number) => { readonly failedAt: number; readonly priority?: number; readonly reason?: string; readonly id?: string }): Promise<string[]> {
    const ids: string[] = [];
    const pipeline = this.redis.pipeline();
    for (let place = 0; place < count; place += 1) {
      const { failedAt, priority = 100, reason = 'INTERNAL: Error', id = newBatchId(failedAt) } = job(place);
      const key = this.queues[queue].toKey(id);
      pipeline.hset(key, { name: 'batch', data: '{}', opts: JSON.stringify({ attempts: 8, stackTraceLimit: 0, priority }), timestamp: failedAt, delay: 0, priority, atm: 8, ats: 9, stc: 51, failedReason: reason, finishedOn: failedAt });
      pipeline.zadd(this.queues[queue].toKey('failed'), failedAt, id);
      ids.push(id);
    }
    await pipeline.exec();
    return ids;
  }

  /** Runs workers that do what the processors do, in this process. */
  work({ process }: { readonly process?: (jobId: string, data: unknown) => Promise<unknown> } = {}): void {
    for (const title of ['events', 'metrics'] as const) {
      const worker = createWorker({
        place: queuePlaces(this.keys)[title],
        connection: this.#patient,
        concurrency: 1,
        onError: () => undefined,
        processor: async (job) => {
          const { id = '', priority } = job;
          this.begun.push({ id, priority, at: performance.now() });
          try {
            const result = await (process ?? this.ingestion[title])(id, job.data);
            this.results.push({ id, priority, result: result as BatchResult }); // what ingestion answers
            return result;
          } catch (error) {
            throw jobFailure(error);
          }
        },
      });
      this.#workers.push(worker);
      void worker.run();
    }
  }

  async stopWorking(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(async (worker) => closeWorker(worker, 2000)));
  }

  /** Works until nothing waits, then no more. */
  async workOff(): Promise<void> {
    this.work();
    await this.until(async () => {
      const counts = await Promise.all([this.queues.events, this.queues.metrics].map(async (queue) => queue.getJobCounts('wait', 'prioritized', 'active', 'delayed')));
      return counts.flatMap((one) => Object.values(one)).every((count) => count === 0);
    });
    await this.stopWorking();
  }

  /** Every event of a type in the store, counted from the chunks themselves. @throws when the counts by hour say another number */
  async stored(type = 'page_view'): Promise<number> {
    const reader = new EventReader({ redis: this.redis, keys: this.keys, secrets: this.keyRing.reading! }); // it holds all keys
    let count = 0;
    for await (const entry of reader.index(type, { from: -Infinity, to: Infinity, order: 'asc' })) count += entry.count;
    const byHour = [...(await reader.hourCounts(type)).values()].reduce((sum, n) => sum + n, 0);
    if (byHour !== count) throw new Error(`The chunks hold ${count} events of ${type}, their hours say ${byHour}.`);
    return count;
  }

  async until(condition: () => boolean | Promise<boolean>, mostMs = 20_000): Promise<void> {
    if (!(await until(condition, mostMs))) throw new Error(`It never came: ${JSON.stringify(await this.queues.events.getJobCounts())}`);
  }

  async close(): Promise<void> {
    await this.stopWorking();
    await Promise.all(Object.values(this.queues).map(async (queue) => queue.close()));
    this.#patient.disconnect();
    this.redis.disconnect();
  }
}
