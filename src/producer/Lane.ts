import type { BatchOutcome, BatchSender, OpenBatch } from './batch.js';
import { Gathering, type Delivery } from './Gathering.js';

export interface LaneOptions<Item> {
  /** Makes an empty batch with an id of its own. */
  readonly open: () => OpenBatch<Item>;
  readonly send: BatchSender;
  /** What an item will be stored by: items that agree in it share batches where there is a choice. */
  readonly seriesOf: (item: Item) => string;
  /** UTF-8 bytes of JSON of an item, roughly. */
  readonly bytesOf: (item: Item) => number;
  /** Most items of a batch. */
  readonly batchSize: number;
  /** How long the next batch waits for company, in ms; follows how many jobs wait in the queue. */
  readonly delayMs: () => number;
  /** How long a caller waits for an answer, in ms. */
  readonly deadlineMs: number;
}

/** Batches that one lane has on the way at a time; more gained nothing and cost memory. */
const MOST_IN_FLIGHT = 8;
/**
 * Batches' worth of items that gather behind a batch that is on its way. Four can be sorted by series before they are cut:
 * of eight event types that makes chunks of 28 events instead of 12. More would keep callers waiting for it.
 */
const GATHERED_BATCHES = 4;
/** Bytes of JSON at which a batch is sent though it has room: large jobs hold up small ones in the same child. */
const MOST_BATCH_BYTES = 1024 * 1024;

/**
 * Groups calls into batches. A batch is sent on the next tick, never inside the call; while one is on its way, later
 * calls gather for the next. Once enough have gathered they do not wait for that.
 */
export class Lane<Item> {
  readonly #options: LaneOptions<Item>;
  #gathering: Gathering<Item> | undefined;
  #next: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  readonly #ready: { readonly batch: OpenBatch<Item>; readonly gathering: Gathering<Item> }[] = [];
  #inFlight = 0;
  /** What was not wholly answered yet, for `drain`. */
  readonly #open = new Set<Gathering<Item>>();

  constructor(options: LaneOptions<Item>) {
    this.#options = options;
  }

  /** Resolves within the deadline, and never rejects. */
  add(item: Item): Promise<Delivery> {
    const { batchSize, bytesOf } = this.#options;
    const gathering = (this.#gathering ??= this.#begin());
    const delivery = gathering.add(item, bytesOf(item));
    if (gathering.count >= GATHERED_BATCHES * batchSize || gathering.bytes >= MOST_BATCH_BYTES) this.#cut();
    this.#schedule();
    return delivery;
  }

  /** Resolves when every item added before the call was answered, however long that takes. */
  async drain(): Promise<void> {
    // What waited out the pause goes now, and the pause itself would keep a process from ending.
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#cut();
    this.#pump();
    await Promise.all(Array.from(this.#open, (gathering) => gathering.answered));
  }

  /** Items that were added and not answered yet. */
  get unanswered(): number {
    let sum = 0;
    for (const gathering of this.#open) sum += gathering.unanswered;
    return sum;
  }

  #begin(): Gathering<Item> {
    const gathering: Gathering<Item> = new Gathering<Item>(this.#options.deadlineMs, () => {
      // An answer names the event's id, which the batch gives: so whatever waits gets its batch now.
      if (this.#gathering === gathering) this.#cut();
    });
    this.#open.add(gathering);
    void gathering.answered.then(() => this.#open.delete(gathering));
    return gathering;
  }

  #schedule(): void {
    if (this.#ready.length > 0 && this.#inFlight < MOST_IN_FLIGHT) {
      // What is ready goes on the next tick, whatever pause the rest is waiting out.
      clearTimeout(this.#pause);
      this.#pause = undefined;
      this.#next ??= setImmediate(this.#onTurn);
      return;
    }
    const isWaiting = this.#next !== undefined || this.#pause !== undefined;
    if (isWaiting || this.#inFlight > 0 || this.#gathering === undefined) return;
    const delay = this.#options.delayMs();
    if (delay <= 0) this.#next = setImmediate(this.#onTurn);
    else this.#pause = setTimeout(this.#onTurn, delay);
  }

  readonly #onTurn = (): void => {
    this.#next = undefined;
    this.#pause = undefined;
    if (this.#inFlight === 0 && this.#ready.length === 0) this.#cut();
    this.#pump();
  };

  /** Makes batches of what has gathered. */
  #cut(): void {
    const gathering = this.#gathering;
    if (gathering === undefined) return;
    this.#gathering = undefined;
    const { open, batchSize, seriesOf } = this.#options;
    const isFull = (batch: OpenBatch<Item>) => batch.count >= batchSize || batch.bytes >= MOST_BATCH_BYTES;
    const batches = gathering.cut(open, isFull, gathering.count > batchSize ? seriesOf : undefined);
    for (const batch of batches) this.#ready.push({ batch, gathering });
  }

  #pump(): void {
    while (this.#inFlight < MOST_IN_FLIGHT) {
      const next = this.#ready.shift();
      if (next === undefined) return;
      this.#inFlight += 1;
      void this.#sendOne(next.batch, next.gathering);
    }
  }

  async #sendOne(batch: OpenBatch<Item>, gathering: Gathering<Item>): Promise<void> {
    const outcome: BatchOutcome = await this.#options.send(batch);
    this.#inFlight -= 1;
    gathering.answer(batch, outcome);
    this.#pump();
    this.#schedule();
  }
}
