import { join } from 'node:path';

import { AnalyticsService, DeadlineError, EventPriority, type EventData } from '../../../src/index.js';
import { until } from '../../support/program.js';
import { HistoryWriter } from '../producer/HistoryWriter.js';
import { usedTypes } from '../producer/createEvent.js';
import { users } from './people.js';

export interface CanaryOptions {
  readonly config: Readonly<Record<string, string>>;
  readonly folder: string;
}

const TYPE = usedTypes[0];
/** Somebody whose sockets nobody watches. */
const USER = users.at(-1)!; // there are some
const DEADLINE_MS = 1000;

type CanaryEvent = EventData & { readonly type: typeof TYPE; readonly id: string; readonly userId: string; readonly timestamp: number };

/** A client of the harness itself: its events tell when the service is at work again. They are part of the history. */
export class Canary {
  readonly #history: HistoryWriter;
  readonly service: AnalyticsService;
  #sent = 0;

  constructor({ config, folder }: CanaryOptions) {
    this.#history = new HistoryWriter(join(folder, 'canary-1.jsonl'));
    this.service = new AnalyticsService({
      redisUrl: config['REDIS_URL']!, // the scene has made it
      redisPrefix: config['REDIS_PREFIX']!,
      encryptionKey: config['ANALYTICS_ENCRYPTION_KEY']!,
      dataDir: config['ANALYTICS_DATA_DIR']!,
      retentionDays: Number(config['ANALYTICS_RETENTION_DAYS']),
      deadlineMs: DEADLINE_MS,
      onError: () => undefined,
    });
  }

  /** Tracks a critical event until it is acknowledged, and waits until it is stored. @returns whether it was within `mostMs` */
  async passes(mostMs: number): Promise<boolean> {
    const [op, data] = this.#next();
    const deadline = performance.now() + mostMs;
    const isAcknowledged = await until(() => this.#track(op, data), mostMs);
    if (!isAcknowledged) return false;
    return until(async () => (await this.service.getEvent(data.id, { type: TYPE }).catch(() => undefined)) !== undefined, deadline - performance.now());
  }

  /** Tracks one event after the other, four at a time. @returns to be called when it is enough */
  keepSending(): () => void {
    let isEnough = false;
    for (let caller = 0; caller < 4; caller += 1) {
      void (async () => {
        while (!isEnough) await this.#track(...this.#next());
      })();
    }
    return () => {
      isEnough = true;
    };
  }

  async close(): Promise<void> {
    await this.service.close({ timeoutMs: 2000 });
  }

  #next(): readonly [op: string, data: CanaryEvent] {
    this.#sent += 1;
    const op = `canary-${this.#sent}`;
    return [op, { type: TYPE, id: `own-${op}`, userId: USER, priority: EventPriority.CRITICAL, timestamp: Date.now(), properties: { op } }];
  }

  async #track(op: string, data: CanaryEvent): Promise<boolean> {
    this.#history.write({ try: op, type: data.type, id: data.id, userId: data.userId, time: data.timestamp, at: Date.now() });
    const startedAt = performance.now();
    try {
      const id = await this.service.trackEvent(data);
      this.#history.write({ acknowledged: op, id, ms: Math.round(performance.now() - startedAt) });
      return true;
    } catch (error) {
      const ms = Math.round(performance.now() - startedAt);
      this.#history.write(error instanceof DeadlineError ? { unknown: op, id: data.id, code: error.code, ms } : { refused: op, code: 'REFUSED', ms });
      return false;
    }
  }
}
