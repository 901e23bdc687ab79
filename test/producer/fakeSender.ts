import type { BatchOutcome, BatchSender, OpenBatch } from '../../src/producer/batch.js';
import { HeldItems } from '../../src/producer/HeldItems.js';
import { Lane, type Delivery, type LaneOptions } from '../../src/producer/Lane.js';

export interface Item {
  readonly number: number;
  readonly series: string;
  readonly bytes: number;
}

/** A batch that keeps what it is given. */
export interface FakeBatch extends OpenBatch<Item> {
  readonly items: readonly Item[];
}

/** A sender that answers when it is told to. */
export interface FakeSender {
  /** Every batch that was sent, in order. */
  readonly sent: FakeBatch[];
  /** Those without an answer. */
  readonly waiting: FakeBatch[];
  answer(batch?: FakeBatch, outcome?: BatchOutcome): void;
  readonly send: BatchSender;
}

export function createFakeSender(): FakeSender {
  const answers = new Map<FakeBatch, (outcome: BatchOutcome) => void>();
  const sent: FakeBatch[] = [];
  return {
    sent,
    get waiting() {
      return [...answers.keys()];
    },
    answer(batch = [...answers.keys()][0], outcome = { kind: 'acknowledged' }) {
      if (batch === undefined) return;
      const settle = answers.get(batch);
      answers.delete(batch);
      settle?.(outcome);
    },
    send: async (batch) =>
      new Promise((resolve) => {
        const fake = batch as FakeBatch; // made by createLane, below
        sent.push(fake);
        answers.set(fake, resolve);
      }),
  };
}

let batches = 0;

function openBatch(): FakeBatch {
  const items: Item[] = [];
  batches += 1;
  return {
    id: `batch-${batches}`,
    items,
    get count() {
      return items.length;
    },
    get bytes() {
      return items.reduce((sum, item) => sum + item.bytes, 0);
    },
    add: (item) => items.push(item) - 1,
    encode: () => Buffer.alloc(0),
  };
}

export function createLane(sender: FakeSender, options: Partial<LaneOptions<Item>> = {}): Lane<Item> {
  return new Lane<Item>({
    open: openBatch,
    send: sender.send,
    seriesOf: (item) => item.series,
    bytesOf: (item) => item.bytes,
    batchSize: 10,
    delayMs: () => 0,
    deadlineMs: 60_000,
    held: new HeldItems(Infinity),
    ...options,
  });
}

/** Adds an item, and waits for what becomes of it. */
export async function deliver(lane: Lane<Item>, one: Item): Promise<Delivery> {
  return new Promise((resolve) => lane.add(one, resolve));
}

export function item(number: number, more: Partial<Item> = {}): Item {
  return { number, series: 'a', bytes: 10, ...more };
}

/** Long enough for everything that waits for nothing but its turn. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
