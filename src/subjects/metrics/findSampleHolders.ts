import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { Breath } from '../../storage/Breath.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { BlockLoader, LoadedBlocks } from '../../storage/metrics/BlockLoader.js';

export interface SampleHolders {
  /** Chunks that hold samples of the series → these samples. */
  readonly holders: ReadonlyMap<ChunkIndexEntry, readonly SeriesSamples[]>;
  /** Chunks that do not open. */
  readonly unreadable: number;
  /** Whether a chunk is gone: it was replaced, or expired, after the index was read, or a write that failed left its entry. */
  readonly isGone: boolean;
}

const CHUNKS_AT_ONCE = 64;

/** The chunks of one metric and hour that hold samples of series. */
export async function findSampleHolders(loader: BlockLoader, keyName: string, entries: readonly ChunkIndexEntry[], series: ReadonlySet<string>): Promise<SampleHolders> {
  const holders = new Map<ChunkIndexEntry, SeriesSamples[]>();
  const breath = new Breath();
  let unreadable = 0;
  let isGone = false;
  const left: (readonly ChunkIndexEntry[])[] = [];
  for (let from = 0; from < entries.length; from += CHUNKS_AT_ONCE) left.push(entries.slice(from, from + CHUNKS_AT_ONCE));
  for (let some = left.pop(); some !== undefined; some = left.pop()) {
    let loaded: LoadedBlocks;
    try {
      loaded = await loader.load(keyName, some, series, breath);
    } catch (error) {
      if (!(error instanceof AnalyticsError)) throw error;
      // A spoilt chunk must not hide its neighbours.
      if (some.length === 1) unreadable += 1;
      else left.push(some.slice(0, some.length >> 1), some.slice(some.length >> 1));
      continue;
    }
    isGone ||= loaded.size < some.length;
    for (const [entry, all] of loaded) {
      const theirs = all.filter(({ seriesId }) => series.has(seriesId));
      if (theirs.length > 0) holders.set(entry, theirs);
    }
  }
  return { holders, unreadable, isGone };
}
