import type { Queue } from 'bullmq';

import { jobs, type SealedBatchPayload } from '../../../queues/jobs.js';
import { newBatchId } from '../../codec/batchId.js';
import { packEventParts } from '../../codec/eventParts.js';
import { EventPriority } from '../../contract/EventPriority.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { CANARY_INTERVAL_MS, CANARY_TYPE } from './canaryType.js';
import { noteCanary } from './noteCanary.js';

export interface CanarySenderOptions {
  /** A patient connection of the caller's; it stays open. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: Pick<KeyRing, 'publicId' | 'transport'>;
  /** The queue of events. */
  readonly queue: Queue;
  readonly onError: (error: Error) => void;
  /** Default: 3,000 ms. */
  readonly intervalMs?: number;
}

/** Two senders whose timers drift must not both find that the time has come. */
const TURN_SHARE = 0.8;

/**
 * Sends an event of the service's own down the whole way every few seconds, so that work that stops is noticed though
 * every process lives. Any number may run: they take turns, and at most one canary is on its way.
 */
export class CanarySender {
  readonly #options: CanarySenderOptions;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: CanarySenderOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? CANARY_INTERVAL_MS;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#begin(), this.#intervalMs);
    this.#begin();
  }

  /** Resolves when nothing is being sent any more: with Redis away that takes until it is back. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
  }

  #begin(): void {
    this.#sending ??= this.#send()
      .catch(this.#options.onError)
      .finally(() => {
        this.#sending = undefined;
      });
  }

  async #send(): Promise<void> {
    const { redis, keys, queue } = this.#options;
    const turn = await noteCanary(redis, keys, { kind: 'turn', everyMs: this.#intervalMs * TURN_SHARE });
    if (turn === undefined) return;
    // The last one is still on its way: a second would only wait behind it.
    if (turn.waiting !== undefined && (await queue.getJob(turn.waiting)) !== undefined) return;
    const jobId = newBatchId(turn.now);
    const payload = await this.#seal(jobId, turn.now);
    await noteCanary(redis, keys, { kind: 'sent', jobId, sentAt: turn.now });
    // Without a priority it is served before all others: it tells whether work is done, not how much there is to do.
    // Tried once and then forgotten: the next one comes in a moment.
    await queue.add(jobs.events.name, payload, { jobId, attempts: 1, removeOnFail: true });
  }

  async #seal(jobId: string, sentAt: number): Promise<SealedBatchPayload> {
    const { transport, publicId } = this.#options.keyRing;
    await transport.prepare();
    const rows = packEventParts({
      batchId: jobId,
      priority: EventPriority.CRITICAL,
      places: [0],
      types: [CANARY_TYPE],
      timestamps: [sentAt],
      users: [null],
      sessions: [null],
      callerIds: new Map(),
      properties: ['{}'],
      metadata: [''],
    });
    const { sealedKey, ciphertext } = transport.seal(jobId, 'events', 1, rows);
    return { v: 1, to: publicId, key: sealedKey.toString('base64'), n: 1, c: ciphertext.toString('base64') };
  }
}
