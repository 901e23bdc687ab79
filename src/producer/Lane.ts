import { limits } from '../contract/limits.js';
import type { BatchOutcome, BatchSender, OpenBatch } from './batch.js';
import { Deadlines, type Waiting } from './Deadlines.js';
import type { HeldItems } from './HeldItems.js';
import { sortBySeries } from './sortBySeries.js';

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
  /** Counts what is not answered, with that of other lanes. */
  readonly held: HeldItems;
}

/** What became of one item. */
export interface Delivery {
  readonly batchId: string;
  /** Its place in the batch, from 0. */
  readonly place: number;
  readonly outcome: BatchOutcome;
}

/** Called once, within the deadline, and has to return: a promise of each item's own would cost more than the rest of its way. */
export type Settle = (delivery: Delivery) => void;

/** The same for `count` items of one call, the first of which is its item `from`. */
export type SettleMany = (from: number, count: number, outcome: BatchOutcome) => void;

/** A caller who waits. */
interface Caller extends Waiting {
  /** Let go of once it was called: who was answered stays listed for a while (see `Deadlines`), the promise need not. */
  settle: Settle | undefined;
  /** Empty until there is a batch. */
  batchId: string;
  place: number;
}

/** An item and who waits for it. */
interface Member<Item> extends Caller {
  /** Until it is in a batch, which lets go of it as soon as it is sealed. */
  item: Item | undefined;
}

/** One that gathers. */
interface GatheredMember<Item> extends Member<Item> {
  item: Item;
}

interface Sending<Item> {
  readonly batch: OpenBatch<Item>;
  readonly callers: readonly Caller[];
}

/** Batches that one lane has on the way at a time; more gained nothing and cost memory. */
const MOST_IN_FLIGHT = 8;
/**
 * Batches' worth of items that gather behind a batch that is on its way. They are sorted by series before they are cut:
 * of eight event types four make chunks of 36 events instead of 12, eight make chunks of 46, which costs 5 % less CPU
 * from here to the socket and 10 % less memory. Sixteen gain nothing more.
 */
const GATHERED_BATCHES = 8;
/** Bytes of JSON at which a batch is sent though it has room: large jobs hold up small ones in the same child. */
const MOST_BATCH_BYTES = 1024 * 1024;

/**
 * Groups calls into batches. A batch is sent on the next tick, never inside the call; while one is on its way, later
 * calls gather for the next. Once enough have gathered they do not wait for that.
 */
export class Lane<Item> {
  readonly #options: LaneOptions<Item>;
  #gathered: GatheredMember<Item>[] = [];
  #gatheredBytes = 0;
  #next: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  readonly #ready: Sending<Item>[] = [];
  #inFlight = 0;
  /** Every batch that Redis has not answered yet, for `drain`. */
  readonly #open = new Map<Sending<Item>, { readonly answered: Promise<void>; readonly markAnswered: () => void }>();
  readonly #deadlines = new Deadlines<Caller>((late) => this.#expire(late));

  constructor(options: LaneOptions<Item>) {
    this.#options = options;
  }

  add(item: Item, settle: Settle): void {
    const { batchSize, bytesOf, deadlineMs, held } = this.#options;
    const bytes = bytesOf(item);
    held.add(1, bytes);
    const member = { item, settle, deadlineAt: performance.now() + deadlineMs, isSettled: false, batchId: '', place: 0 };
    this.#gathered.push(member);
    this.#gatheredBytes += bytes;
    this.#deadlines.add(member);
    const isEnough = this.#gathered.length >= GATHERED_BATCHES * batchSize || this.#gatheredBytes >= MOST_BATCH_BYTES;
    if (isEnough) this.#cut({ keepsRest: true });
    this.#schedule();
  }

  /**
   * Adds many that came in one call, in batches of their own that are as large as any may be.
   * @param settle called once for each of these batches
   * @param refuse asked before each batch: whether nothing is taken from that item on
   */
  addMany(items: readonly Item[], settle: SettleMany, refuse: (from: number) => boolean = () => false): void {
    const deadlineAt = performance.now() + this.#options.deadlineMs;
    for (let from = 0, to = 0; from < items.length; from = to) {
      if (refuse(from)) break;
      const batch = this.#options.open();
      while (to < items.length && batch.count < limits.batchSize && batch.bytes < MOST_BATCH_BYTES) batch.add(items[to++]!);
      const [first, count] = [from, to - from];
      const caller = { settle: ({ outcome }: Delivery) => settle(first, count, outcome), deadlineAt, isSettled: false, batchId: batch.id, place: 0 };
      this.#options.held.add(batch.count, batch.bytes);
      this.#deadlines.add(caller);
      this.#makeReady({ batch, callers: [caller] });
    }
    this.#schedule();
  }

  /** Resolves when every item added before the call was answered, however long that takes. */
  async drain(): Promise<void> {
    // What waited out the pause goes now, and the pause itself would keep a process from ending.
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#cut();
    this.#pump();
    await Promise.all(Array.from(this.#open.values(), ({ answered }) => answered));
  }

  /** Items that were added and not answered yet. */
  get unanswered(): number {
    let sum = this.#gathered.length;
    for (const { batch } of this.#open.keys()) sum += batch.count;
    return sum;
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
    if (isWaiting || this.#inFlight > 0 || this.#gathered.length === 0) return;
    const delay = this.#options.delayMs();
    if (delay <= 0) this.#next = setImmediate(this.#onTurn);
    else this.#pause = setTimeout(this.#onTurn, delay);
  }

  readonly #onTurn = (): void => {
    this.#next = undefined;
    this.#pause = undefined;
    if (this.#inFlight === 0 && this.#ready.length === 0) this.#cut({ keepsRest: true });
    this.#pump();
  };

  /**
   * Makes batches of what has gathered.
   * @param options `keepsRest`: what fills no batch goes on gathering behind those that are full
   */
  #cut({ keepsRest = false }: { keepsRest?: boolean } = {}): void {
    const { open, batchSize, seriesOf, bytesOf } = this.#options;
    const isFull = (batch: OpenBatch<Item>) => batch.count >= batchSize || batch.bytes >= MOST_BATCH_BYTES;
    const gathered = this.#gathered.length > batchSize ? sortBySeries(this.#gathered, ({ item }) => seriesOf(item)) : this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;

    const made: { batch: OpenBatch<Item>; members: GatheredMember<Item>[] }[] = [];
    for (const member of gathered) {
      let last = made.at(-1);
      if (last === undefined || isFull(last.batch)) {
        last = { batch: open(), members: [] };
        made.push(last);
      }
      last.batch.add(member.item);
      last.members.push(member);
    }
    const rest = keepsRest && made.length > 1 && !isFull(made.at(-1)!.batch) ? made.pop() : undefined;
    if (rest !== undefined) {
      this.#gathered = rest.members;
      this.#gatheredBytes = rest.members.reduce((sum, { item }) => sum + bytesOf(item), 0);
    }
    for (const { batch, members } of made) {
      let place = 0;
      for (const member of members as Member<Item>[]) {
        member.batchId = batch.id;
        member.place = place;
        member.item = undefined;
        place += 1;
      }
      this.#makeReady({ batch, callers: members });
    }
  }

  #makeReady(sending: Sending<Item>): void {
    let markAnswered: () => void = () => {};
    this.#open.set(sending, { answered: new Promise((resolve) => (markAnswered = resolve)), markAnswered: () => markAnswered() });
    this.#ready.push(sending);
  }

  #pump(): void {
    while (this.#inFlight < MOST_IN_FLIGHT) {
      const sending = this.#ready.shift();
      if (sending === undefined) return;
      this.#inFlight += 1;
      void this.#send(sending);
    }
  }

  async #send(sending: Sending<Item>): Promise<void> {
    const outcome = await this.#options.send(sending.batch);
    this.#inFlight -= 1;
    this.#options.held.remove(sending.batch.count, sending.batch.bytes);
    for (const caller of sending.callers) settle(caller, outcome);
    this.#deadlines.forgetSettled();
    this.#open.get(sending)?.markAnswered();
    this.#open.delete(sending);
    this.#pump();
    this.#schedule();
  }

  #expire(late: readonly Caller[]): void {
    // An answer names the event's id, which the batch gives: so what still gathers gets its batch now.
    if (late.some(({ batchId }) => batchId === '')) this.#cut();
    for (const caller of late) settle(caller, { kind: 'unknown' });
    this.#schedule();
  }
}

function settle(caller: Caller, outcome: BatchOutcome): void {
  if (caller.isSettled) return;
  caller.isSettled = true;
  caller.settle?.({ batchId: caller.batchId, place: caller.place, outcome });
  caller.settle = undefined;
}
