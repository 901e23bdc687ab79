import { DeadlineError, type AnalyticsService } from '../../../src/index.js';
import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';
import type { EventData } from '../../../src/contract/event.js';
import { planted } from '../scene/planted.js';
import type { Random } from '../random.js';
import type { HistoryWriter } from './HistoryWriter.js';
import type { PlannedEvent } from './createEvent.js';
import type { Try } from './readUnknown.js';

/** The samples of the load all belong to it; their values tell them apart. */
export const SAMPLE_METRIC = 'faults.sample';
const SAMPLES_PER_LIFE = 10_000_000;
const REPEAT_LEAST_MS = 100;
const REPEAT_MOST_MS = 1500;
/** Of what was acknowledged, how much is tracked once more all the same. */
const NEEDLESS_REPEATS = 0.03;
/** Of what is repeated, how much carries another time. */
const OTHER_TIMES = 0.3;
const BULK = 12;
const BULK_SHARE = 0.1;

interface Waiting {
  readonly op: string;
  readonly data: EventData;
  readonly dueAt: number;
}

/** A careful client: it never forgets what it was not answered, and repeats it under the same id until it is. */
export class Client {
  readonly #service: AnalyticsService;
  readonly #history: HistoryWriter;
  readonly #random: Random;
  readonly #firstSample: number;
  #waiting: Waiting[] = [];
  #bulk: PlannedEvent[] = [];
  #underWay = 0;
  #acknowledged = 0;
  #samples = 0;

  /** @param life a number that no other life of a producer has: its samples are numbered from there */
  constructor(service: AnalyticsService, history: HistoryWriter, random: Random, life: number) {
    this.#service = service;
    this.#history = history;
    this.#random = random;
    this.#firstSample = life * SAMPLES_PER_LIFE;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get toRepeat(): number {
    return this.#waiting.length;
  }

  get isSettled(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0 && this.#bulk.length === 0;
  }

  track({ op, data }: PlannedEvent): void {
    if (this.#bulk.length > 0 || this.#random.isLikely(BULK_SHARE / BULK)) {
      this.#bulk.push({ op, data });
      if (this.#bulk.length === BULK) this.#trackBulk(this.#bulk.splice(0));
      return;
    }
    void this.#call(op, data);
  }

  sample(): void {
    this.#samples += 1;
    const value = this.#firstSample + this.#samples;
    const timestamp = Date.now() - (this.#random.isLikely(0.3) ? this.#random.whole(0, 3 * 3_600_000) : 0);
    this.#history.write({ sample: value, time: timestamp });
    this.#underWay += 1;
    this.#service
      .trackMetric({ name: SAMPLE_METRIC, value, timestamp, tags: { part: `${planted.tag} ${value % 7}` } })
      .then(
        () => this.#history.write({ sampleAcknowledged: value }),
        // A sample has no id, so a client cannot repeat it safely.
        (error: unknown) => this.#history.write(isUnknown(error) ? { sampleUnknown: value } : { sampleRefused: value }),
      )
      .finally(() => (this.#underWay -= 1));
  }

  /** Repeats what an earlier life was not answered. */
  repeatLater({ try: op, id, type, userId, time }: Try & { readonly id: string }): void {
    const data = { id, type, userId, timestamp: time, properties: { op } };
    this.#waiting.push({ op, data, dueAt: performance.now() });
  }

  /** Makes the calls that are to be repeated by now, as long as no more than `most` are under way. */
  repeatDue(now: number, most: number): void {
    if (this.#bulk.length > 0 && this.#underWay === 0) this.#trackBulk(this.#bulk.splice(0)); // nothing comes any more to fill it
    const later: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (waiting.dueAt > now || this.#underWay >= most) later.push(waiting);
      else void this.#call(waiting.op, waiting.data);
    }
    this.#waiting = later;
  }

  async #call(op: string, data: EventData): Promise<void> {
    this.#begin(op, data);
    const startedAt = performance.now();
    try {
      const id = await this.#service.trackEvent(data);
      this.#end(op, data, { ok: true, id }, performance.now() - startedAt);
    } catch (error) {
      this.#end(op, data, { ok: false, error }, performance.now() - startedAt);
    }
  }

  #trackBulk(events: readonly PlannedEvent[]): void {
    for (const { op, data } of events) this.#begin(op, data);
    const startedAt = performance.now();
    void this.#service.trackEvents(events.map(({ data }) => data)).then((results) => {
      for (const [place, result] of results.entries()) {
        const { op, data } = events[place]!; // a result for each, in order
        this.#end(op, data, result, performance.now() - startedAt);
      }
    });
  }

  #begin(op: string, data: EventData): void {
    this.#underWay += 1;
    // Every event of the load has a user and a time.
    this.#history.write({ try: op, type: data.type, userId: data.userId!, time: data.timestamp!, at: Date.now(), ...(data.id !== undefined && { id: data.id }) });
  }

  #end(op: string, data: EventData, outcome: { ok: true; id: string } | { ok: false; error: unknown }, exactMs: number): void {
    this.#underWay -= 1;
    const ms = Math.round(exactMs);
    if (outcome.ok) {
      this.#acknowledged += 1;
      this.#history.write({ acknowledged: op, id: outcome.id, ms });
      if (this.#random.isLikely(NEEDLESS_REPEATS)) this.#again(op, { ...data, id: outcome.id });
      return;
    }
    const code = outcome.error instanceof AnalyticsError ? outcome.error.code : 'NOT_OURS';
    if (isUnknown(outcome.error)) {
      const id = outcome.error.id ?? data.id;
      this.#history.write({ unknown: op, code, ms, ...(id !== undefined && { id }) });
      if (id !== undefined) this.#again(op, { ...data, id });
    } else {
      this.#history.write({ refused: op, code, ms });
      // Nothing was sent, says the error: without an id of its own it is let go, and must not be found in the store.
      if (data.id !== undefined) this.#again(op, data);
    }
  }

  #again(op: string, data: EventData): void {
    const dueAt = performance.now() + this.#random.whole(REPEAT_LEAST_MS, REPEAT_MOST_MS);
    const timestamp = this.#random.isLikely(OTHER_TIMES) ? data.timestamp! - this.#random.whole(1, 2 * 3_600_000) : data.timestamp!; // as above
    this.#waiting.push({ op, data: { ...data, timestamp }, dueAt });
  }
}

function isUnknown(error: unknown): error is DeadlineError {
  return error instanceof DeadlineError;
}
