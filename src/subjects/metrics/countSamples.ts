import { BlockLoader } from '../../storage/metrics/BlockLoader.js';
import { SeriesCatalogue } from '../../storage/metrics/SeriesCatalogue.js';
import { readHour } from '../../storage/readHour.js';
import { readHours } from '../../storage/readHours.js';
import type { ErasureRun } from '../ErasureRun.js';
import { countRollups } from './eraseRollups.js';
import { findSampleHolders } from './findSampleHolders.js';
import type { SubjectSeries } from './SubjectSeries.js';

export interface SampleCounts {
  readonly samples: number;
  readonly rollups: number;
  /** Chunks that do not open. */
  readonly unreadable: number;
}

const MOST_TRIES = 10;

/** Counts the samples of series, and the rollups that tell of them. */
export async function countSamples(run: Pick<ErasureRun, 'redis' | 'keys' | 'secrets' | 'userId' | 'throwIfAborted'>, series: SubjectSeries): Promise<SampleCounts> {
  const { redis, keys, secrets, throwIfAborted } = run;
  const { keyName, ids } = series;
  const loader = new BlockLoader({ redis, keys, secrets, cacheBytes: 0 });
  const wanted = new Set(ids.keys());
  let samples = 0;
  let unreadable = 0;
  for await (const { hour, entries } of readHours(redis, keys.metric(keyName), { lower: -Infinity, upper: Infinity })) {
    throwIfAborted();
    let found = await findSampleHolders(loader, keyName, entries, wanted);
    for (let tries = 1; found.isGone && tries < MOST_TRIES; tries += 1) found = await findSampleHolders(loader, keyName, await readHour(redis, keys.metric(keyName), hour), wanted);
    unreadable += found.unreadable;
    for (const theirs of found.holders.values()) for (const { times } of theirs) samples += times.length;
  }
  return { samples, rollups: await countRollups(run, series), unreadable };
}

/**
 * Counts what is left of series whose tags were taken away. A series that has tags again was stored by somebody who knew of
 * the erasure: what is in it by now was tracked later.
 */
export async function countLeftSamples(run: Parameters<typeof countSamples>[0], series: SubjectSeries): Promise<SampleCounts> {
  const found = await countSamples(run, series);
  if (found.samples + found.rollups === 0) return found;
  const again = await new SeriesCatalogue(run.redis, run.keys, run.secrets).some(series.keyName, series.ids.keys());
  if (again.size === 0) return found;
  return countSamples(run, { ...series, ids: new Map([...series.ids].filter(([id]) => !again.has(id))) });
}
