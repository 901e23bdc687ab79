import { EventType, type AnalyticsService } from '../../../src/lib/services/analytics/AnalyticsService.js';
import { people } from '../../support/witness/people.js';

const TYPES = [EventType.PAGE_VIEW, EventType.USER_ACTION, EventType.SECURITY, EventType.CUSTOM];
const EVERY_MS = 5;
const PAGE = 10_000;

/** What a stretch of load came to. */
export interface LoadReport {
  readonly acknowledged: number;
  /** Calls that ended with an error: their outcome is unknown, or they were refused. */
  readonly failed: number;
  readonly codes: readonly string[];
  /** The longest time without an acknowledgement, ms. */
  readonly outageMs: number;
  /** Acknowledged and not stored. */
  readonly lost: readonly string[];
  /** Stored more than once. */
  readonly duplicated: readonly string[];
}

/** Events one by one, 200 a second, of four types, each with an id of its own, and a history of what was answered. */
export class Load {
  readonly #service: AnalyticsService;
  readonly #name: string;
  readonly #acknowledged = new Set<string>();
  readonly #codes = new Set<string>();
  readonly #calls = new Set<Promise<void>>();
  readonly #startedAt = Date.now();
  #sent = 0;
  #failed = 0;
  #lastId: string | undefined;
  #lastAt = performance.now();
  #outageMs = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(service: AnalyticsService, name: string) {
    this.#service = service;
    this.#name = name;
    this.#timer = setInterval(() => this.#send(), EVERY_MS);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** The event that was acknowledged last. */
  get lastId(): string {
    return this.#lastId ?? '';
  }

  /** Sends no more, and waits until every call was answered. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#calls);
  }

  /** Reads all back. */
  async report(): Promise<LoadReport> {
    const stored = new Map<string, number>();
    for (const type of TYPES) {
      for (let offset = 0; ; offset += PAGE) {
        const page = await this.#service.getEvents({ type, startTime: this.#startedAt - 1000, limit: PAGE, offset });
        for (const { id } of page) if (id.startsWith(`${this.#name}-`)) stored.set(id, (stored.get(id) ?? 0) + 1);
        if (page.length < PAGE) break;
      }
    }
    return {
      acknowledged: this.#acknowledged.size,
      failed: this.#failed,
      codes: [...this.#codes],
      outageMs: Math.round(this.#outageMs),
      lost: [...this.#acknowledged].filter((id) => !stored.has(id)),
      duplicated: [...stored].flatMap(([id, times]) => (times > 1 ? [id] : [])),
    };
  }

  #send(): void {
    const id = `${this.#name}-${this.#sent}`;
    const type = TYPES[this.#sent % TYPES.length]!;
    this.#sent += 1;
    const call = this.#service.trackEvent({ type, id, userId: people.ada, properties: { place: this.#sent } }).then(
      () => {
        this.#acknowledged.add(id);
        this.#lastId = id;
        const now = performance.now();
        this.#outageMs = Math.max(this.#outageMs, now - this.#lastAt);
        this.#lastAt = now;
      },
      (error: unknown) => {
        this.#failed += 1;
        this.#codes.add(error instanceof Error && 'code' in error ? String(error.code) : String(error));
      },
    );
    this.#calls.add(call);
    void call.finally(() => this.#calls.delete(call));
  }
}
