import { join } from 'node:path';

import { AnalyticsService, DeadlineError, EventPriority } from '../../../src/index.js';
import { until } from '../../support/program.js';
import { HistoryWriter } from '../producer/HistoryWriter.js';
import { usedTypes } from '../producer/createEvent.js';
import { users } from './people.js';

export interface CanaryOptions {
  readonly config: Readonly<Record<string, string>>;
  readonly folder: string;
}

const TYPE = usedTypes[0];
const DEADLINE_MS = 1000;

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
    this.#sent += 1;
    const op = `canary-${this.#sent}`;
    const deadline = performance.now() + mostMs;
    const data = { type: TYPE, id: `own-${op}`, userId: users.at(-1)!, priority: EventPriority.CRITICAL, timestamp: Date.now(), properties: { op } };
    const isAcknowledged = await until(() => this.#track(op, data), mostMs);
    if (!isAcknowledged) return false;
    return until(async () => (await this.service.getEvent(data.id, { type: TYPE }).catch(() => undefined)) !== undefined, deadline - performance.now());
  }

  async close(): Promise<void> {
    await this.service.close({ timeoutMs: 2000 });
  }

  async #track(op: string, data: Parameters<AnalyticsService['trackEvent']>[0] & { id: string; userId: string; timestamp: number }): Promise<boolean> {
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
