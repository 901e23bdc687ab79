import { StoredRollup } from '../../codec/rollups/StoredRollup.js';
import { tiers, type Tier } from '../../codec/rollups/tiers.js';
import type { Metric } from '../../contract/metric.js';
import { BlockLoader } from '../../storage/metrics/BlockLoader.js';
import { TierStore } from '../../storage/metrics/TierStore.js';
import { readHour } from '../../storage/readHour.js';
import { readHours } from '../../storage/readHours.js';
import type { ErasureRun } from '../ErasureRun.js';
import { findSampleHolders } from './findSampleHolders.js';
import type { FoundSeries } from './findSeries.js';

/** What rollups keep of a series' samples in some time, also when the samples have expired. */
export interface ExportedRollup {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ms since 1970, and the length in ms. */
  readonly start: number;
  readonly width: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Samples that are stored, an hour of one metric at a time, and how many chunks did not open. */
export interface ExportedHour {
  readonly samples: readonly Metric[];
  readonly unreadable: number;
}

type ReadRun = Pick<ErasureRun, 'redis' | 'keys' | 'secrets'>;

const MOST_TRIES = 10;

/**
 * The stored samples of series of one metric, oldest hours first.
 * @param isGiven whether a small chunk, by its id, holds what was given out before
 */
export async function* exportSamples({ redis, keys, secrets }: ReadRun, series: readonly FoundSeries[], isGiven: (chunkId: Buffer, hour: number) => boolean): AsyncGenerator<ExportedHour> {
  const [first] = series;
  if (first === undefined) return;
  const { name, keyName } = first;
  const tagsOf = new Map(series.map(({ seriesId, tags }) => [seriesId, tags]));
  const wanted = new Set(tagsOf.keys());
  const loader = new BlockLoader({ redis, keys, secrets, cacheBytes: 0 });
  for await (const { hour, entries } of readHours(redis, keys.metric(keyName), { lower: -Infinity, upper: Infinity })) {
    let found = await findSampleHolders(loader, keyName, entries, wanted);
    for (let tries = 1; found.isGone && tries < MOST_TRIES; tries += 1) found = await findSampleHolders(loader, keyName, await readHour(redis, keys.metric(keyName), hour), wanted);
    const theirs = [...found.holders].flatMap(([entry, some]) => (entry.blocks === 0 && isGiven(entry.chunkId, hour) ? [] : some));
    const samples = theirs.flatMap(({ seriesId, times, values }) => Array.from(times, (timestamp, place): Metric => ({ name, value: values[place]!, tags: tagsOf.get(seriesId)!, timestamp })));
    yield { samples: samples.sort((one, other) => one.timestamp - other.timestamp), unreadable: found.unreadable };
  }
}

/** What the rollups of one metric keep of series. */
export async function* exportRollups({ redis, keys, secrets }: ReadRun, series: readonly FoundSeries[]): AsyncGenerator<ExportedRollup> {
  const [first] = series;
  if (first === undefined) return;
  const { name, keyName } = first;
  const tagsOf = new Map(series.map(({ seriesId, tags }) => [seriesId, tags]));
  const store = new TierStore({ redis, keys, secrets, cacheBytes: 0 });
  for (const tier of Object.keys(tiers) as Tier[]) { // the keys of a record by tier
    for (const period of (await store.stored(keyName, tier)).keys()) {
      const { bytes } = await store.readOne(keyName, tier, period);
      if (bytes === undefined) continue;
      const { seriesIds, firstRows, start, width, buckets, count, sum, extrema } = new StoredRollup(bytes);
      for (const [place, id] of seriesIds.entries()) {
        const tags = tagsOf.get(id);
        if (tags === undefined) continue;
        for (let row = firstRows[place]!; row < firstRows[place + 1]!; row += 1) {
          yield { name, tags, start: start + buckets[row]! * width, width, count: count[row]!, sum: sum.high[row]! + sum.low[row]!, min: extrema.min[row]!, max: extrema.max[row]! };
        }
      }
    }
  }
}
