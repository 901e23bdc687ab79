import { METRIC_NAME, metricSample, SERIES, type MetricSample } from '../data/metricSample.js';
import { startOurs, type OursPipeline } from '../ours/startOurs.js';
import { describeKinds, memoryByKind } from '../support/memoryByKind.js';
import { createProgress } from '../support/progress.js';
import type { ReaderCommands } from '../support/reader.js';
import { awaitStored, settledMemory } from '../support/settle.js';
import { percentile } from '../support/spread.js';
import type { Child } from '../support/startChild.js';
import { startRedis } from '../support/startRedis.js';
import { startVictoriaMetrics, type MeanQuery, type VictoriaMetrics } from '../victoria/startVictoriaMetrics.js';
import { createRow, type GrowthPoint, type Row } from './Row.js';
import { sizesOf, tableSize } from './sizes.js';
import type { Suite, SuiteContext } from './Suite.js';

const INTERVAL_MS = 300_000;
const HOUR_MS = 3_600_000;
const SLICE = 100_000;
const BATCH = 4096;
const IN_FLIGHT = 8;
const MOST_MS = 20;
const MOST_BYTES = 5;
/** Kind of the keys that hold what was computed from samples. */
const ROLLUPS = 'metrics:tier';
/** Sums of floating-point numbers differ with their order. */
const TOLERANCE = 1e-9;

/** Means of a metric over all series, against VictoriaMetrics where it is installed; and what a stored sample takes. */
export const metricReading: Suite = {
  ids: ['metric-mean', 'metric-bytes'],
  async run(context) {
    const redis = await startRedis();
    const pipeline = await startOurs(redis, { batchSize: BATCH, roles: ['processing'], deadlineMs: 60_000 });
    const victoria = await startVictoriaMetrics();
    try {
      const figures = await measureSizes(context, { pipeline, victoria, redis });
      return [meanRow(figures, context), bytesRow(figures, context)].filter(({ id }) => context.wanted.has(id));
    } finally {
      await pipeline.close();
      await victoria?.stop();
      await redis.stop();
    }
  },
};

interface Stores {
  readonly pipeline: OursPipeline;
  readonly victoria: VictoriaMetrics | undefined;
  readonly redis: Awaited<ReturnType<typeof startRedis>>;
}

interface Size {
  readonly stored: number;
  /** ms, one for each round. */
  readonly ours: number[];
  readonly peer: number[];
  readonly isSound: boolean;
  readonly notes: readonly string[];
  /** A sample, without the rollups. */
  readonly bytes: number;
  readonly rollupBytes: number;
  readonly diskBytes: number | undefined;
  readonly byKind: string;
}

async function measureSizes(context: SuiteContext, stores: Stores): Promise<Size[]> {
  const { pipeline, victoria, redis } = stores;
  // The history ends with a full hour, so that all of it can be merged.
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  const reader = pipeline.addReader();
  await sendSamples(pipeline, { from: 0, count: SERIES * 10, endMs: endMs + HOUR_MS }, context); // makes what is made once
  await awaitStored('warmed up', SERIES * 10, () => pipeline.storedSamples(), context.say);
  const before = await settledMemory(redis, context.isQuick);
  const sizes: Size[] = [];
  for (const stored of sizesOf(context)) {
    const count = stored - (sizes.at(-1)?.stored ?? 0);
    const missing = await store(stores, { from: -stored, count, endMs }, context);
    await reader.ask('merge', undefined);
    const kinds = await memoryByKind(redis.client);
    const rollupBytes = (kinds.get(ROLLUPS) ?? 0) / stored;
    const bytes = ((await settledMemory(redis, context.isQuick)) - before) / stored - rollupBytes;
    const byKind = describeKinds(kinds, stored);
    const diskBytes = victoria && (await victoria.diskBytes()) / stored;
    const means = await measureMeans(reader, victoria, { stored, endMs }, context);
    sizes.push({ ...means, stored, bytes, rollupBytes, byKind, diskBytes, isSound: means.isSound && missing === 0 });
  }
  return sizes;
}

/** Sends samples to both. @returns how many are missing */
async function store({ pipeline, victoria }: Stores, history: History, context: SuiteContext): Promise<number> {
  const before = await pipeline.storedSamples();
  await sendSamples(pipeline, history, context);
  const missing = await awaitStored('stored', before + history.count, () => pipeline.storedSamples(), context.say);
  for (let sent = 0; victoria && sent < history.count; sent += SLICE) {
    await victoria.store(samplesOf({ ...history, from: history.from + sent, count: Math.min(SLICE, history.count - sent) }));
  }
  return missing;
}

interface History {
  readonly from: number;
  readonly count: number;
  readonly endMs: number;
}

function samplesOf({ from, count, endMs }: History): MetricSample[] {
  return Array.from({ length: count }, (_, place) => metricSample(from + place, endMs));
}

async function sendSamples({ producer }: OursPipeline, { from, count, endMs }: History, { say }: SuiteContext): Promise<void> {
  const progress = createProgress('samples acknowledged', count, say);
  for (let sent = 0; sent < count; ) {
    const slice = Math.min(SLICE, count - sent);
    await producer.ask('prepareSamples', { from: from + sent, count: slice, endMs });
    const { failed } = await producer.ask('sendSamples', { inFlight: IN_FLIGHT });
    if (failed > 0) throw new Error(`${failed} samples were refused while the store was filled.`);
    progress((sent += slice));
  }
}

async function measureMeans(
  reader: Child<ReaderCommands>,
  victoria: VictoriaMetrics | undefined,
  { stored, endMs }: { readonly stored: number; readonly endMs: number },
  context: SuiteContext,
): Promise<Pick<Size, 'ours' | 'peer' | 'isSound' | 'notes'>> {
  const oldest = metricSample(-stored, endMs).timestamp;
  const range = { startTime: Math.floor(oldest / INTERVAL_MS) * INTERVAL_MS, endTime: endMs, intervalMs: INTERVAL_MS };
  const expected = expectedMeans(stored, endMs, range.startTime);
  const isTable = stored === tableSize(context);
  const times = context.isQuick ? 3 : 50;
  const figures = { ours: [] as number[], peer: [] as number[], notes: [] as string[], isSound: true };
  for (let round = 1; round <= (isTable ? context.rounds : 1); round += 1) {
    const { ms, last } = await reader.ask('ask', { question: { kind: 'mean', ...range }, times });
    figures.ours.push(percentile(ms, 50));
    figures.isSound &&= isClose(last as number[], expected); // a mean is answered with numbers
    if (victoria) {
      const peer = await askVictoria(victoria, { name: METRIC_NAME, ...range }, { times, isCached: false });
      figures.peer.push(percentile(peer.ms, 50));
      figures.isSound &&= isClose(peer.means, expected);
    }
    context.say(`${stored} samples, round ${round}  metric-mean: ${figures.ours.at(-1)!.toFixed(2)} ms, VictoriaMetrics ${figures.peer.at(-1)?.toFixed(2) ?? 'not installed'}`);
  }
  const cold = await reader.ask('ask', { question: { kind: 'mean', ...range }, times: Math.min(times, 10), isCold: true });
  figures.notes.push(`by a reader with an empty cache ${percentile(cold.ms, 50).toFixed(1)} ms`);
  if (victoria) {
    const cached = await askVictoria(victoria, { name: METRIC_NAME, ...range }, { times, isCached: true });
    figures.notes.push(`VictoriaMetrics, the same query again, from its cache of answers: ${percentile(cached.ms, 50).toFixed(2)} ms`);
  }
  return figures;
}

async function askVictoria(
  victoria: VictoriaMetrics,
  query: MeanQuery,
  { times, isCached }: { readonly times: number; readonly isCached: boolean },
): Promise<{ readonly ms: number[]; readonly means: number[] }> {
  const ms: number[] = [];
  let means = await victoria.means(query, isCached);
  for (let turn = 0; turn < times; turn += 1) {
    const before = performance.now();
    means = await victoria.means(query, isCached);
    ms.push(performance.now() - before);
  }
  return { ms, means };
}

/** What the samples say themselves. */
function expectedMeans(stored: number, endMs: number, startTime: number): number[] {
  const sums: number[] = [];
  const counts: number[] = [];
  for (let place = -stored; place < 0; place += 1) {
    const { timestamp, value } = metricSample(place, endMs);
    const interval = Math.floor((timestamp - startTime) / INTERVAL_MS);
    sums[interval] = (sums[interval] ?? 0) + value;
    counts[interval] = (counts[interval] ?? 0) + 1;
  }
  return sums.map((sum, interval) => sum / counts[interval]!);
}

function isClose(means: readonly number[], expected: readonly number[]): boolean {
  return means.length === expected.length && means.every((mean, at) => Math.abs(mean / expected[at]! - 1) < TOLERANCE);
}

function meanRow(sizes: readonly Size[], context: SuiteContext): Row {
  const table = sizes.find(({ stored }) => stored === tableSize(context))!; // sizesOf has it
  const isCompared = table.peer.length > 0;
  return createRow({
    id: 'metric-mean',
    what:
      `mean per 5 minutes of ${table.stored.toLocaleString('en-GB')} samples in ${SERIES} series, p50, ` +
      (isCompared ? 'against VictoriaMetrics' : 'VictoriaMetrics is not installed'),
    unit: 'ms',
    better: 'lower',
    ours: table.ours,
    ...(isCompared && { peer: table.peer }),
    target: isCompared ? 1 : MOST_MS,
    targetIs: isCompared ? 'least ratio' : 'most',
    isSound: sizes.every(({ isSound }) => isSound),
    growth: growthOf(context, 'ms per million samples', sizes, ({ stored, ours, peer }) => [
      (percentile(ours, 50) * 1e6) / stored,
      peer.length > 0 ? (percentile(peer, 50) * 1e6) / stored : null,
    ]),
    notes: table.notes,
  });
}

function bytesRow(sizes: readonly Size[], context: SuiteContext): Row {
  const table = sizes.find(({ stored }) => stored === tableSize(context))!; // sizesOf has it
  return createRow({
    id: 'metric-bytes',
    what: `Redis per stored sample, merged, every key but those of rollups counted${table.diskBytes === undefined ? '' : ', against VictoriaMetrics on disk'}`,
    unit: 'bytes',
    better: 'lower',
    ours: [table.bytes],
    ...(table.diskBytes !== undefined && { peer: [table.diskBytes] }),
    target: MOST_BYTES,
    targetIs: 'most',
    isSound: sizes.every(({ isSound }) => isSound),
    growth: growthOf(context, 'bytes a sample', sizes, ({ bytes, diskBytes }) => [bytes, diskBytes ?? null]),
    notes: [`rollups take ${table.rollupBytes.toFixed(1)} bytes a sample besides`, `by key: ${table.byKind}`],
  });
}

function growthOf(
  { isGrowth }: SuiteContext,
  unit: string,
  sizes: readonly Size[],
  figures: (size: Size) => readonly [number, number | null],
): Row['growth'] {
  if (!isGrowth) return undefined;
  const points = sizes.map((size): GrowthPoint => {
    const [ours, peer] = figures(size);
    return { stored: size.stored, ours, peer };
  });
  return { unit, points };
}
