import type { BatchOutcome, OpenBatch } from './batch.js';

/** What became of one item. */
export interface Delivery {
  readonly batchId: string;
  /** Its place in the batch, from 0. */
  readonly place: number;
  readonly outcome: BatchOutcome;
}

interface Member<Item> {
  readonly item: Item;
  readonly resolve: (delivery: Delivery) => void;
  batchId: string;
  place: number;
}

/**
 * Items that came together, and the batches that were made of them. One deadline serves all, counted from the first: a
 * timer for each would cost more than the call. The others wait a little less than their deadline, never more.
 */
export class Gathering<Item> {
  /** Resolves when each item has its answer from Redis, or was given up. */
  readonly answered: Promise<void>;
  readonly #members: Member<Item>[] = [];
  readonly #batches = new Map<OpenBatch<Item>, readonly Member<Item>[]>();
  readonly #timer: NodeJS.Timeout;
  readonly #markAnswered: () => void;
  #bytes = 0;

  /** @param beforeDeadline has to see to it that `cut` was called */
  constructor(deadlineMs: number, beforeDeadline: () => void) {
    let markAnswered: () => void = () => {};
    this.answered = new Promise((resolve) => (markAnswered = resolve));
    this.#markAnswered = markAnswered;
    this.#timer = setTimeout(() => {
      beforeDeadline();
      for (const members of this.#batches.values()) tell(members, { kind: 'unknown' });
    }, deadlineMs);
  }

  get count(): number {
    return this.#members.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Items without an answer. */
  get unanswered(): number {
    if (this.#batches.size === 0) return this.#members.length;
    let sum = 0;
    for (const members of this.#batches.values()) sum += members.length;
    return sum;
  }

  add(item: Item, bytes: number): Promise<Delivery> {
    this.#bytes += bytes;
    return new Promise((resolve) => this.#members.push({ item, resolve, batchId: '', place: 0 }));
  }

  /**
   * Makes the batches, once.
   * @param seriesOf sorts the items first; those of one series stay in order
   */
  cut(open: () => OpenBatch<Item>, isFull: (batch: OpenBatch<Item>) => boolean, seriesOf?: (item: Item) => string): OpenBatch<Item>[] {
    const members = seriesOf === undefined ? this.#members : sorted(this.#members, seriesOf);
    let batch: OpenBatch<Item> | undefined;
    let placed: Member<Item>[] = [];
    for (const member of members) {
      if (batch === undefined || isFull(batch)) {
        batch = open();
        placed = [];
        this.#batches.set(batch, placed);
      }
      member.batchId = batch.id;
      member.place = batch.add(member.item);
      placed.push(member);
    }
    return [...this.#batches.keys()];
  }

  answer(batch: OpenBatch<Item>, outcome: BatchOutcome): void {
    tell(this.#batches.get(batch) ?? [], outcome);
    this.#batches.delete(batch);
    if (this.#batches.size > 0) return;
    clearTimeout(this.#timer);
    this.#markAnswered();
  }
}

function tell(members: readonly Member<unknown>[], outcome: BatchOutcome): void {
  for (const { resolve, batchId, place } of members) resolve({ batchId, place, outcome });
}

function sorted<Item>(members: readonly Member<Item>[], seriesOf: (item: Item) => string): Member<Item>[] {
  const bySeries = new Map<string, Member<Item>[]>();
  for (const member of members) {
    const series = seriesOf(member.item);
    const others = bySeries.get(series);
    if (others === undefined) bySeries.set(series, [member]);
    else others.push(member);
  }
  return [...bySeries.values()].flat();
}
