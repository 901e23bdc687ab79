import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { HistoryRecord } from './records.js';

/** One event that a producer wanted tracked, over all its calls. */
export interface Attempt {
  readonly op: string;
  readonly type: string;
  readonly userId: string;
  /** A repeat may carry another time; the event has one of them. */
  readonly times: number[];
  /** Ids that the caller gave or was answered; one, if all is well. */
  readonly ids: string[];
  calls: number;
  isAcknowledged: boolean;
  unknown: number;
  refused: number;
}

export type SampleOutcome = 'acknowledged' | 'unknown' | 'refused';

/** Everything that the clients know. */
export interface History {
  readonly events: ReadonlyMap<string, Attempt>;
  readonly samples: ReadonlyMap<number, { readonly time: number; outcome: SampleOutcome }>;
  /** Calls that settled later than they had to. */
  readonly late: ReadonlyMap<string, number>;
  /** The longest that a call took to settle, ms. */
  readonly slowestCallMs: number;
  /** Codes of refusals → how many. */
  readonly refusals: ReadonlyMap<string, number>;
}

/**
 * Reads all `*.jsonl` of a folder.
 * @param lateMs a call that took longer to settle is late
 */
export async function readHistory(folder: string, lateMs: number): Promise<History> {
  const builder = new HistoryBuilder(lateMs);
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.jsonl')).sort()) {
    await forEachRecord(join(folder, name), (record) => builder.add(record));
  }
  return builder;
}

/** Calls `take` with each record of a file, in order. A last line that was cut off is left out. */
export async function forEachRecord(file: string, take: (record: HistoryRecord) => void): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (!line.endsWith('}')) continue;
    take(JSON.parse(line) as HistoryRecord); // our producer wrote it; a million lines are not parsed twice
  }
}

class HistoryBuilder implements History {
  readonly events = new Map<string, Attempt>();
  readonly samples = new Map<number, { time: number; outcome: SampleOutcome }>();
  readonly refusals = new Map<string, number>();
  readonly late = new Map<string, number>();
  readonly #lateMs: number;
  slowestCallMs = 0;

  constructor(lateMs: number) {
    this.#lateMs = lateMs;
  }

  add(record: HistoryRecord): void {
    if ('ms' in record) {
      this.slowestCallMs = Math.max(this.slowestCallMs, record.ms);
      if (record.ms > this.#lateMs) this.late.set('acknowledged' in record ? record.acknowledged : 'unknown' in record ? record.unknown : record.refused, record.ms);
    }
    if ('try' in record) this.#try(record);
    else if ('acknowledged' in record) {
      const attempt = this.#attempt(record.acknowledged);
      attempt.isAcknowledged = true;
      include(attempt.ids, record.id);
    } else if ('unknown' in record) {
      const attempt = this.#attempt(record.unknown);
      attempt.unknown += 1;
      if (record.id !== undefined) include(attempt.ids, record.id);
    } else if ('refused' in record) {
      this.#attempt(record.refused).refused += 1;
      this.refusals.set(record.code, (this.refusals.get(record.code) ?? 0) + 1);
    } else if ('sample' in record) this.samples.set(record.sample, { time: record.time, outcome: 'unknown' });
    else if ('sampleAcknowledged' in record) this.samples.get(record.sampleAcknowledged)!.outcome = 'acknowledged';
    else if ('sampleRefused' in record) this.samples.get(record.sampleRefused)!.outcome = 'refused';
  }

  #try(record: Extract<HistoryRecord, { try: string }>): void {
    let attempt = this.events.get(record.try);
    if (attempt === undefined) {
      attempt = {
        op: record.try,
        type: record.type,
        userId: record.userId,
        times: [],
        ids: [],
        calls: 0,
        isAcknowledged: false,
        unknown: 0,
        refused: 0,
      };
      this.events.set(record.try, attempt);
    }
    attempt.calls += 1;
    include(attempt.times, record.time);
    if (record.id !== undefined) include(attempt.ids, record.id);
  }

  #attempt(op: string): Attempt {
    const attempt = this.events.get(op);
    if (attempt === undefined) throw new Error(`The history has an answer to ${op}, and no call.`);
    return attempt;
  }
}

/** A list and not a set: there are a million of them, with one value in nearly all. */
function include<T>(list: T[], value: T): void {
  if (!list.includes(value)) list.push(value);
}
