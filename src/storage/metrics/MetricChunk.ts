import { packSeries, readDirectory, unpackBlock } from '../../codec/series/packSeries.js';
import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import type { ChunkPlace, ChunkSealer, SealedBlocks, SealedChunk } from '../../security/ChunkSealer.js';
import type { ChunkIndexEntry } from '../ChunkIndexEntry.js';

const KIND = 'metrics';

/** Where samples belong: the metric's name in keys, the hour, the chunk. */
export type SamplesPlace = Omit<ChunkPlace, 'kind'>;

/** Seals the samples of one batch, metric and hour: one block, in the field of the chunk's id. */
export function sealSmallChunk(place: SamplesPlace, series: readonly SeriesSamples[], sealer: ChunkSealer): SealedChunk {
  const { head, blocks } = packSeries(series);
  if (blocks.length > 0) throw new AnalyticsError('INTERNAL', 'A batch of samples is too large for one block.');
  return sealer.seal({ kind: KIND, ...place }, head);
}

/** Seals what several chunks were merged into: the directory, then the blocks, each by itself. */
export function sealMergedChunk(place: SamplesPlace, series: readonly SeriesSamples[], sealer: ChunkSealer): SealedBlocks {
  const { head, blocks } = packSeries(series);
  return sealer.sealBlocks({ kind: KIND, ...place }, head, blocks);
}

/** A chunk whose directory is open. */
export interface MetricChunk {
  /** The id of the first series of each block. */
  readonly firstIds: readonly string[];
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
  const { firstIds, inline } = directory;
  return {
    firstIds,
    inline,
    open: (block, bytes) => unpackBlock(directory, block, open === undefined || inline !== undefined ? bytes : open(block, bytes)),
  };
}
