import type { BatchSender, OpenBatch } from './batch.js';
import { Lane, type LaneOptions, type Settle, type SettleMany } from './Lane.js';

export interface ProducerOptions<Item, LaneName extends string> {
  readonly lanes: readonly LaneName[];
  readonly open: (lane: LaneName) => OpenBatch<Item>;
  readonly send: (lane: LaneName) => BatchSender;
  readonly lane: Omit<LaneOptions<Item>, 'open' | 'send'>;
}

/** The lanes of one queue: one for each priority, no more, since every further lane makes batches smaller. */
export class Producer<Item, LaneName extends string> {
  readonly #lanes: ReadonlyMap<LaneName, Lane<Item>>;

  constructor(options: ProducerOptions<Item, LaneName>) {
    this.#lanes = new Map(
      options.lanes.map((name) => [
        name,
        new Lane<Item>({ ...options.lane, open: () => options.open(name), send: options.send(name) }),
      ]),
    );
  }

  /** @param settle called once, within the deadline */
  add(lane: LaneName, item: Item, settle: Settle): void {
    this.#lanes.get(lane)!.add(item, settle); // every name of the type was given to the constructor
  }

  /** @param settle called once, within the deadline, for each batch that was made of them */
  addMany(lane: LaneName, items: readonly Item[], settle: SettleMany): void {
    this.#lanes.get(lane)!.addMany(items, settle); // as above
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
