import { DeadlineTimer } from './DeadlineTimer.js';
import type { BatchOutcome, BatchSender, OpenBatch } from './batch.js';

export interface LaneOptions<Item> {
  /** Makes an empty batch with an id of its own. */
  readonly open: () => OpenBatch<Item>;
  readonly send: BatchSender;
  /** Most items of a batch. */
  readonly batchSize: number;
  /** How long the next batch waits for company, in ms; follows how many jobs wait in the queue. */
  readonly delayMs: () => number;
  /** How long a caller waits for an answer, in ms. */
  readonly deadlineMs: number;
}

/** Where an item went: its batch and its place there. */
export interface Ticket {
  readonly batchId: string;
  readonly place: number;
  /** Resolves within the deadline, and never rejects. */
  readonly outcome: Promise<BatchOutcome>;
}

interface Gathering<Item> {
  readonly batch: OpenBatch<Item>;
  readonly timer: DeadlineTimer;
}

/** Full batches that one lane has on the way at a time; more gained nothing and cost memory. */
const MOST_IN_FLIGHT = 8;
/** Bytes of JSON at which a batch is sent though it has room: large jobs hold up small ones in the same child. */
const MOST_BATCH_BYTES = 1024 * 1024;

/**
 * Groups calls into batches. A batch is sent on the next tick, never inside the call; while one is on its way, later
 * calls gather in the next. A full batch does not wait for that.
 */
export class Lane<Item> {
  readonly #options: LaneOptions<Item>;
  #gathering: Gathering<Item> | undefined;
  #next: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  readonly #full: Gathering<Item>[] = [];
  #inFlight = 0;
  /** Every batch that was not answered yet, for `drain`. */
  readonly #open = new Map<OpenBatch<Item>, Promise<void>>();

  constructor(options: LaneOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): Ticket {
    const gathering = (this.#gathering ??= this.#begin());
    const { batch, timer } = gathering;
    const place = batch.add(item);
    if (batch.count >= this.#options.batchSize || batch.bytes >= MOST_BATCH_BYTES) {
      this.#full.push(gathering);
      this.#gathering = undefined;
    }
    this.#schedule();
    return { batchId: batch.id, place, outcome: timer.outcome };
  }

  /** Resolves when every item added before the call was answered, however long that takes. */
  async drain(): Promise<void> {
    this.#seal();
    this.#pump();
    await Promise.all(this.#open.values());
  }

  /** Items that were added and not answered yet. */
  get unanswered(): number {
    let sum = 0;
    for (const batch of this.#open.keys()) sum += batch.count;
    return sum;
  }

  #begin(): Gathering<Item> {
    const timer = new DeadlineTimer(this.#options.deadlineMs);
    const batch = this.#options.open();
    const answered = timer.answered.then(() => void this.#open.delete(batch));
    this.#open.set(batch, answered);
    return { batch, timer };
  }

  #schedule(): void {
    const isFull = this.#full.length > 0 && this.#inFlight < MOST_IN_FLIGHT;
    if (isFull) {
      // A full batch goes on the next tick, whatever pause a partial one was waiting out.
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
    if (this.#inFlight === 0) this.#seal();
    this.#pump();
  };

  #seal(): void {
    if (this.#gathering === undefined) return;
    this.#full.push(this.#gathering);
    this.#gathering = undefined;
  }

  #pump(): void {
    while (this.#inFlight < MOST_IN_FLIGHT) {
      const next = this.#full.shift();
      if (next === undefined) return;
      this.#inFlight += 1;
      void this.#sendOne(next);
    }
  }

  async #sendOne({ batch, timer }: Gathering<Item>): Promise<void> {
    const outcome = await this.#options.send(batch);
    this.#inFlight -= 1;
    timer.answer(outcome);
    if (this.#full.length > 0) this.#pump();
    this.#schedule();
  }
}
