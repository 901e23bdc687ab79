import { compressWell, decompressTo } from '../compression.js';
import { ByteReader } from '../columns/ByteReader.js';
import { ByteWriter } from '../columns/ByteWriter.js';
import { malformed } from '../columns/malformed.js';
import { decodeSeriesBlock } from './decodeSeriesBlock.js';
import { encodeSeriesBlock } from './encodeSeriesBlock.js';
import type { SeriesSamples } from './SeriesSamples.js';
import { sortSamples } from './sortSamples.js';

/** A block of 4,000 samples is about 8 kB. Twice as many save 1 %, and one series would take twice as long to read. */
const BLOCK_SAMPLES = 4000;
const ID_BYTES = 8;
/** An index entry counts the head and its blocks in one byte. */
const MOST_BLOCKS = 254;

/** Series laid out in blocks: those of one block follow each other by id, and a long series may go over several. */
export interface PackedSeries {
  /** The directory; and the block itself where there is only one. */
  readonly head: Buffer;
  readonly blocks: readonly Buffer[];
}

/** Where a block begins. */
export interface BlockStart {
  /** The id of its first series. */
  readonly seriesId: string;
  /** Whether the block before it ends with the same series. */
  readonly isContinued: boolean;
  /** Bytes, once inflated. */
  readonly length: number;
}

/** What the head of a merged chunk says. */
export interface SeriesDirectory {
  readonly starts: readonly BlockStart[];
  /** The only block, where it stands in the head. */
  readonly inline: Buffer | undefined;
}

/** @param series each id once; samples in any order */
export function packSeries(series: readonly SeriesSamples[]): PackedSeries {
  const groups = splitIntoBlocks(series);
  const encoded = groups.map(encodeSeriesBlock);
  const blocks = encoded.map(compressWell);
  const head = new ByteWriter(16 + groups.length * (ID_BYTES + 3));
  head.unsigned(groups.length);
  for (const [place, group] of groups.entries()) {
    const { seriesId } = group[0]!; // a group is never empty
    head.bytes(Buffer.from(seriesId, 'hex'));
    head.unsigned(encoded[place]!.length * 2 + (groups[place - 1]?.at(-1)?.seriesId === seriesId ? 1 : 0));
  }
  if (blocks.length > 1) return { head: head.done(), blocks };
  return { head: Buffer.concat([head.done(), ...blocks]), blocks: [] };
}

/** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
export function readDirectory(head: Buffer): SeriesDirectory {
  const reader = new ByteReader(head);
  const count = reader.unsigned();
  if (count > MOST_BLOCKS) throw malformed('it has more blocks than there can be');
  const starts: BlockStart[] = [];
  for (let block = 0; block < count; block += 1) {
    const seriesId = reader.bytes(ID_BYTES).toString('hex');
    const length = reader.unsigned();
    starts.push({ seriesId, isContinued: length % 2 === 1, length: Math.floor(length / 2) });
  }
  return { starts, inline: count === 1 ? reader.rest() : undefined };
}

/** Numbers of the blocks that may hold any of these series, in order. */
export function blocksOf(starts: readonly BlockStart[], wanted: ReadonlySet<string> | undefined): number[] {
  const all = Array.from(starts.keys());
  if (wanted === undefined) return all;
  const found = new Set<number>();
  for (const id of wanted) {
    // The last block that begins with it or before, and those that it goes on from.
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]!.seriesId <= id) low = middle + 1;
      else high = middle;
    }
    for (let block = low - 1; block >= 0; block -= 1) {
      found.add(block);
      const { seriesId, isContinued } = starts[block]!;
      if (seriesId !== id || !isContinued) break;
    }
  }
  return all.filter((block) => found.has(block));
}

/** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
export function unpackBlock({ starts }: SeriesDirectory, block: number, bytes: Uint8Array): SeriesSamples[] {
  return decodeSeriesBlock(decompressTo(starts[block]?.length ?? 0, bytes));
}

function splitIntoBlocks(series: readonly SeriesSamples[]): SeriesSamples[][] {
  const total = series.reduce((sum, { times }) => sum + times.length, 0);
  const blocks = Math.min(MOST_BLOCKS, Math.max(1, Math.round(total / BLOCK_SAMPLES)));
  const most = Math.ceil(total / blocks);
  const groups: SeriesSamples[][] = [];
  let room = 0;
  for (const { seriesId, ...samples } of series.toSorted((one, other) => (one.seriesId < other.seriesId ? -1 : 1))) {
    const [times, values] = sortSamples(samples.times, samples.values);
    for (let from = 0; from < times.length; from += most) {
      const part = { seriesId, times: times.subarray(from, from + most), values: values.subarray(from, from + most) };
      // Whole series stay together where they can: half a block over is better than a series in two.
      if (room < part.times.length / 2) {
        groups.push([]);
        room = most;
      }
      groups.at(-1)!.push(part); // there is room in it
      room -= part.times.length;
    }
  }
  return groups;
}
