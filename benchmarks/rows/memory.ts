import { fillNaive } from '../naive/fillNaive.js';
import { startOurs, type OursPipeline } from '../ours/startOurs.js';
import { describeKinds, memoryByKind } from '../support/memoryByKind.js';
import { createProgress } from '../support/progress.js';
import { readLogEvents } from '../support/readLogEvents.js';
import { awaitStored, settledMemory } from '../support/settle.js';
import { startRedis } from '../support/startRedis.js';
import { createRow, type GrowthPoint } from './Row.js';
import { sizesOf, tableSize } from './sizes.js';
import type { Suite, SuiteContext } from './Suite.js';

const IN_FLIGHT = 1000;
const SLICE = 25_000;
/** What is measured beyond the table's million is older than what is kept by default. */
const RETENTION_DAYS = 36_500;
const MOST_BYTES = 50;

interface Measured {
  readonly stored: number;
  readonly bytes: number;
  readonly missing: number;
  readonly byKind: string;
  /** µs an event. */
  readonly mergeUs: number;
}

/** Bytes of Redis that a stored event costs, every key counted, against a hash and a sorted set of JSON. */
export const memory: Suite = {
  ids: ['bytes'],
  async run(context) {
    const at = tableSize(context);
    const sizes = sizesOf(context);
    const ours = await measureOurs(context, { sizes, isAsLogged: false });
    const naive = await measureNaive(context, sizes);
    const asLogged = context.isQuick ? [] : await measureOurs(context, { sizes: [at / 4], isAsLogged: true });
    const mine = ours.find(({ stored }) => stored === at)!; // sizesOf has it
    const theirs = naive.find(({ stored }) => stored === at)!; // the same sizes
    const points = ours.map(({ stored, bytes }, place): GrowthPoint => ({ stored, ours: bytes, peer: naive[place]!.bytes }));
    const missing = [...ours, ...asLogged].reduce((sum, size) => sum + size.missing, 0);
    return [
      createRow({
        id: 'bytes',
        what: `Redis per stored event, ${at.toLocaleString('en-GB')} of a repeated log, merged, against hash and sorted set of JSON`,
        unit: 'bytes',
        better: 'lower',
        ours: [mine.bytes],
        peer: [theirs.bytes],
        target: 10,
        targetIs: 'least ratio',
        most: MOST_BYTES,
        isSound: missing === 0,
        growth: context.isGrowth ? { unit: 'bytes an event', points } : undefined,
        notes: [
          `missing ${missing}, merging took ${mine.mergeUs.toFixed(1)} µs an event`,
          `by key: ${mine.byKind}`,
          ...asLogged.map(({ bytes, byKind }) => `at the log’s own few events an hour: ${bytes.toFixed(1)} (${byKind})`),
        ],
      }),
    ];
  },
};

interface Plan {
  readonly sizes: readonly number[];
  readonly isAsLogged: boolean;
}

/** `used_memory` after minus before, everything connected and nothing queued both times. */
async function measureOurs(context: SuiteContext, { sizes, isAsLogged }: Plan): Promise<Measured[]> {
  const { logFile: file, say } = context;
  const redis = await startRedis();
  const pipeline = await startOurs(redis, { batchSize: 100, roles: ['processing'], retentionDays: RETENTION_DAYS, deadlineMs: 60_000 });
  try {
    const reader = pipeline.addReader();
    await warmUp(pipeline, context);
    const warm = await pipeline.storedEvents();
    const before = await settledMemory(redis, context.isQuick);
    await pipeline.producer.ask('prepareLog', { file, repetitions: await repetitionsOf(file, sizes), isAsLogged });

    const measured: Measured[] = [];
    for (const [place, stored] of sizes.entries()) {
      await send(pipeline, stored - (sizes[place - 1] ?? 0), context);
      const missing = await awaitStored('stored', warm + stored, () => pipeline.storedEvents(), say);
      const mergeMs = await reader.ask('merge', undefined);
      const bytes = ((await settledMemory(redis, context.isQuick)) - before) / stored;
      const byKind = describeKinds(await memoryByKind(redis.client), stored);
      measured.push({ stored, bytes, missing, byKind, mergeUs: (mergeMs * 1000) / (stored - (sizes[place - 1] ?? 0)) });
      say(`bytes: ${bytes.toFixed(1)} an event (${byKind})`);
    }
    return measured;
  } finally {
    await pipeline.close();
    await redis.stop();
  }
}

/** A few events of another kind make everything that is made once: scripts, keys, connections. */
async function warmUp(pipeline: OursPipeline, { say }: SuiteContext): Promise<void> {
  await pipeline.producer.ask('prepare', { events: 100, seed: 1 });
  await pipeline.producer.ask('send', { count: 100, inFlight: 10 });
  await awaitStored('warmed up', 100, () => pipeline.storedEvents(), say);
}

async function send({ producer }: OursPipeline, count: number, { say }: SuiteContext): Promise<void> {
  const progress = createProgress('acknowledged', count, say);
  for (let sent = 0; sent < count; ) {
    const slice = Math.min(SLICE, count - sent);
    await producer.ask('send', { count: slice, inFlight: IN_FLIGHT });
    progress((sent += slice));
  }
}

async function measureNaive(
  context: SuiteContext,
  sizes: readonly number[],
): Promise<Pick<Measured, 'stored' | 'bytes'>[]> {
  const { logFile: file, say } = context;
  const redis = await startRedis({ isAppending: false });
  try {
    const log = await readLogEvents(file, { repetitions: await repetitionsOf(file, sizes), isAsLogged: false });
    const before = await settledMemory(redis, context.isQuick);
    const measured = [];
    let next = 0;
    for (const stored of sizes) {
      await fillNaive(redis.client, stored - next, () => log.at(next++), say);
      const bytes = ((await settledMemory(redis, context.isQuick)) - before) / stored;
      measured.push({ stored, bytes });
      say(`bytes: hash and sorted set ${bytes.toFixed(1)} an event`);
    }
    return measured;
  } finally {
    await redis.stop();
  }
}

async function repetitionsOf(file: string, sizes: readonly number[]): Promise<number> {
  const { length } = await readLogEvents(file, { repetitions: 1, isAsLogged: true });
  return Math.ceil(sizes.at(-1)! / length); // there is one size at least
}
