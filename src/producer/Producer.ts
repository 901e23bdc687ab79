import type { AnalyticsError } from '../errors/AnalyticsError.js';
import type { BatchSender, OpenBatch } from './batch.js';
import { Lane, type LaneOptions, type Settle, type SettleMany } from './Lane.js';

export interface ProducerOptions<Item, LaneName extends string> {
  readonly lanes: readonly LaneName[];
  readonly open: (lane: LaneName) => OpenBatch<Item>;
  readonly send: (lane: LaneName) => BatchSender;
  readonly lane: Omit<LaneOptions<Item>, 'open' | 'send' | 'delayMs'>;
  /** How long the next batch of a lane waits for company, in ms. */
  readonly delayMs: (lane: LaneName) => number;
  /** Why nothing more of a lane is taken; undefined while it is. Asked for each call. */
  readonly refusal: (lane: LaneName) => AnalyticsError | undefined;
}

/** The lanes of one queue: one for each priority, no more, since every further lane makes batches smaller. */
export class Producer<Item, LaneName extends string> {
  readonly #lanes: ReadonlyMap<LaneName, Lane<Item>>;
  readonly #refusal: (lane: LaneName) => AnalyticsError | undefined;
  #refused = 0;

  constructor(options: ProducerOptions<Item, LaneName>) {
    this.#refusal = options.refusal;
    this.#lanes = new Map(
      options.lanes.map((name) => [
        name,
        new Lane<Item>({ ...options.lane, open: () => options.open(name), send: options.send(name), delayMs: () => options.delayMs(name) }),
      ]),
    );
  }

  /** @param settle called once, within the deadline */
  add(lane: LaneName, item: Item, settle: Settle): void {
    const error = this.#refusal(lane);
    if (error !== undefined) {
      this.#refused += 1;
      settle({ batchId: '', place: 0, outcome: { kind: 'refused', error } });
      return;
    }
    this.#lanes.get(lane)!.add(item, settle); // every name of the type was given to the constructor
  }

  /** @param settle called once, within the deadline, for each batch that was made of them */
  addMany(lane: LaneName, items: readonly Item[], settle: SettleMany): void {
    const refuse = (from: number): boolean => {
      const error = this.#refusal(lane);
      if (error === undefined) return false;
      this.#refused += items.length - from;
      settle(from, items.length - from, { kind: 'refused', error });
      return true;
    };
    this.#lanes.get(lane)!.addMany(items, settle, refuse); // as above
  }

  /** Items that were refused because there was too much of something. */
  get refused(): number {
    return this.#refused;
  }

  /** Resolves when everything added before the call was answered. */
  async drain(): Promise<void> {
    await Promise.all(Array.from(this.#lanes.values(), (lane) => lane.drain()));
  }

  /** Items that were added and not answered yet. */
  get unanswered(): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += lane.unanswered;
    return sum;
  }
}
