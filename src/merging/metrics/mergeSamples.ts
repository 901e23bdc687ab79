import type { MetricKeys } from '../../redis/keys.js';
import { Breath } from '../../storage/Breath.js';
import type { BlockLoader } from '../../storage/metrics/BlockLoader.js';
import { combineSlices } from '../../storage/metrics/combineSlices.js';
import { sealMergedSamples } from '../../storage/metrics/MetricChunk.js';
import { bytesOfChunk, swapChunks } from '../../storage/swapChunks.js';
import type { MergeRun } from '../MergeRun.js';
import type { SwapReport } from '../mergeStatus.js';
import type { MergeCandidate } from '../planMerge.js';

/** Where samples are merged. */
export interface MetricPlace {
  /** The metric's name as it stands in keys. */
  readonly keyName: string;
  readonly keys: MetricKeys;
}

/**
 * Merges chunks of one metric and hour into one, in blocks of whole series. Killed at any point it has done all of that or
 * nothing.
 *
 * @returns undefined where another merge, or the clean-up, came first
 * @throws KeyError when a chunk does not open
 */
export async function mergeSamples(
  { redis, secrets, now }: MergeRun,
  loader: BlockLoader,
  { keyName, keys }: MetricPlace,
  hour: number,
  group: readonly MergeCandidate[],
): Promise<SwapReport | undefined> {
  const replaced = group.map(({ entry }) => entry);
  const loaded = await loader.load(keyName, replaced, undefined, new Breath());
  if (loaded.size < replaced.length) return undefined;
  const series = [...combineSlices([...loaded.values()].flat()).values()];
  const chunk = sealMergedSamples(keyName, hour, series, secrets.chunks);
  if (!(await swapChunks(redis, keys, { hour, replaced, chunks: [chunk], now: now(), dataKeys: secrets.dataKeys }))) return undefined;
  return {
    chunksIn: replaced.length,
    chunksOut: 1,
    samples: chunk.entry.count,
    bytesBefore: group.reduce((sum, { bytes }) => sum + bytes, 0),
    bytesAfter: bytesOfChunk(chunk),
  };
}
