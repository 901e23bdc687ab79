import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import type { MetricKeys } from '../../redis/keys.js';
import { Breath } from '../../storage/Breath.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import { BlockLoader } from '../../storage/metrics/BlockLoader.js';
import { combineSlices } from '../../storage/metrics/combineSlices.js';
import { extentOf, sealMergedSamples } from '../../storage/metrics/MetricChunk.js';
import { readHour } from '../../storage/readHour.js';
import { readHours } from '../../storage/readHours.js';
import { swapChunks } from '../../storage/swapChunks.js';
import type { ErasureRun } from '../ErasureRun.js';
import { eraseRollups } from './eraseRollups.js';
import { findSampleHolders } from './findSampleHolders.js';
import type { SubjectSeries } from './SubjectSeries.js';

/** What an erasure did in one metric. */
export interface SampleErasure {
  /** Samples that were removed, or moved to the series in their place. */
  samples: number;
  chunksIn: number;
  chunksOut: number;
  /** Rollups that were made anew. */
  rollups: number;
}

/** Replaced by one script. */
const GROUP_CHUNKS = 400;
/** In memory together: 4 MB, and as many as a merge puts into one chunk. */
const GROUP_SAMPLES = 250_000;

/**
 * Takes the samples of series out of all chunks and rollups of their metric, or gives them to the series in their place.
 * What is replaced is left to `removeReplacedChunks`. Beside writers, merges, readers and the clean-up, and safe to repeat:
 * see `eraseEvents`. Samples have no place in an
 * order, so those that are stored while this runs go too, whenever they were tracked.
 *
 * @param until ms: the time of the erasure
 */
export async function eraseSamples(run: ErasureRun, series: SubjectSeries, until: number): Promise<SampleErasure> {
  const { redis, keys, secrets } = run;
  const { keyName } = series;
  const metric = keys.metric(keyName);
  const done: SampleErasure = { samples: 0, chunksIn: 0, chunksOut: 0, rollups: 0 };
  const loader = new BlockLoader({ redis, keys, secrets, cacheBytes: 0 });
  for await (const { hour, entries } of readHours(redis, metric, { lower: -Infinity, upper: Infinity })) {
    for (let view: readonly ChunkIndexEntry[] = entries; ; ) {
      run.throwIfAborted();
      if (await eraseHour(run, loader, series, metric, hour, view, done)) break;
      const before = namesOf(view);
      view = await readHour(redis, metric, hour);
      // An entry whose chunk never was stays so: a write that failed left it, and it holds nothing.
      if (namesOf(view) === before) break;
    }
  }
  // After the samples: a merge that comes in between makes them of what is left.
  done.rollups += await eraseRollups(run, series, until);
  return done;
}

/** @returns false when the hour's chunks were others meanwhile */
async function eraseHour(run: ErasureRun, loader: BlockLoader, { keyName, ids }: SubjectSeries, metric: MetricKeys, hour: number, entries: readonly ChunkIndexEntry[], done: SampleErasure): Promise<boolean> {
  const { redis, secrets } = run;
  const { holders, isGone } = await findSampleHolders(loader, keyName, entries, new Set(ids.keys()));
  if (holders.size > 0) await run.backup?.touching('metrics', keyName, hour);
  let isWhole = !isGone;
  for (const group of groupsOf([...holders.keys()])) {
    run.throwIfAborted();
    const loaded = await loader.load(keyName, group, undefined, new Breath());
    const all = [...loaded.values()].flat();
    const left = all.flatMap((one) => moved(one, ids));
    const theirs = all.filter(({ seriesId }) => ids.has(seriesId));
    const chunks = left.length === 0 ? [] : [sealMergedSamples(keyName, hour, [...combineSlices(left).values()], secrets.chunks)];
    const gone = extentOf(all).count - extentOf(left).count;
    if (loaded.size < group.length || !(await swapChunks(redis, metric, { hour, replaced: group, chunks, gone, now: Date.now(), dataKeys: secrets.dataKeys }))) {
      isWhole = false;
      continue;
    }
    done.samples += extentOf(theirs).count;
    done.chunksIn += group.length;
    done.chunksOut += chunks.length;
  }
  return isWhole;
}

function moved(samples: SeriesSamples, ids: ReadonlyMap<string, string>): SeriesSamples[] {
  const to = ids.get(samples.seriesId);
  if (to === undefined) return [samples];
  return to === '' ? [] : [{ ...samples, seriesId: to }];
}

function namesOf(entries: readonly ChunkIndexEntry[]): string {
  return entries.map(({ chunkId }) => chunkId.toString('hex')).join();
}

function* groupsOf(holders: readonly ChunkIndexEntry[]): Generator<ChunkIndexEntry[]> {
  let group: ChunkIndexEntry[] = [];
  let samples = 0;
  for (const entry of holders) {
    if (group.length === GROUP_CHUNKS || (group.length > 0 && samples + entry.count > GROUP_SAMPLES)) {
      yield group;
      group = [];
      samples = 0;
    }
    group.push(entry);
    samples += entry.count;
  }
  if (group.length > 0) yield group;
}
