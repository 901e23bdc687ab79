import { packSeries, readDirectory, unpackBlock, type BlockStart } from '../../codec/series/packSeries.js';
import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import type { ChunkPlace, ChunkSealer, SealedChunk } from '../../security/ChunkSealer.js';
import { takeRandom } from '../../security/takeRandom.js';
import type { ChunkIndexEntry } from '../ChunkIndexEntry.js';
import type { MergedChunk } from '../swapChunks.js';

const KIND = 'metrics';

/** Where samples belong: the metric's name in keys, the hour, the chunk. */
export type SamplesPlace = Omit<ChunkPlace, 'kind'>;

/** Seals the samples of one batch, metric and hour: one block, in the field of the chunk's id. */
export function sealSmallChunk(place: SamplesPlace, series: readonly SeriesSamples[], sealer: ChunkSealer, under?: Buffer): SealedChunk {
  const { head, blocks } = packSeries(series);
  if (blocks.length > 0) throw new AnalyticsError('INTERNAL', 'A batch of samples is too large for one block.');
  return sealer.seal({ kind: KIND, ...place }, head, under);
}

/** Seals what several chunks were merged into: the directory, then the blocks, each by itself. @param series at least one */
export function sealMergedSamples(keyName: string, hour: number, series: readonly SeriesSamples[], sealer: ChunkSealer): MergedChunk {
  const { head, blocks } = packSeries(series);
  const place = { hour, chunkId: takeRandom(16), ...extentOf(series) };
  const sealed = sealer.sealBlocks({ kind: KIND, series: keyName, ...place }, head, blocks);
  return { entry: { ...place, blocks: blocks.length + 1 }, ...sealed };
}

/** How many samples there are, and their earliest and latest time; infinite where there are none. */
export function extentOf(series: readonly SeriesSamples[]): { readonly count: number; readonly earliest: number; readonly latest: number } {
  let count = 0;
  let earliest = Infinity;
  let latest = -Infinity;
  for (const { times } of series) {
    count += times.length;
    for (const time of times) {
      if (time < earliest) earliest = time;
      if (time > latest) latest = time;
    }
  }
  return { count, earliest, latest };
}

/** A chunk whose directory is open. */
export interface MetricChunk {
  /** Where each block begins. */
  readonly starts: readonly BlockStart[];
  /** The only block, where it came with the directory. */
  readonly inline: Buffer | undefined;
  /** @throws KeyError, AnalyticsError `STORE_INCONSISTENT` */
  open(block: number, bytes: Buffer): SeriesSamples[];
}

/**
 * Opens a chunk's directory, and with it its block where there is only one.
 * @throws KeyError when it does not open; AnalyticsError `STORE_INCONSISTENT` when it is not what was written
 */
export function openMetricChunk(keyName: string, entry: ChunkIndexEntry, stored: SealedChunk, sealer: ChunkSealer): MetricChunk {
  const place: ChunkPlace = { kind: KIND, series: keyName, ...entry };
  const open = entry.blocks === 0 ? undefined : sealer.blockOpener(place, stored.wrappedKey);
  const directory = readDirectory(open === undefined ? sealer.open(place, stored) : open('head', stored.bytes));
  const { starts, inline } = directory;
  return {
    starts,
    inline,
    open: (block, bytes) => unpackBlock(directory, block, open === undefined || inline !== undefined ? bytes : open(block, bytes)),
  };
}
