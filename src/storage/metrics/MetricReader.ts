import { createHash } from 'node:crypto';

import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { Breath } from '../Breath.js';
import type { ChunkIndexEntry } from '../ChunkIndexEntry.js';
import { readHour } from '../readHour.js';
import { readHours, type HourEntries } from '../readHours.js';
import type { ChunkCache } from '../watchPurges.js';
import { BlockLoader, type BlockCounts, type BlockLoaderOptions, type LoadedBlocks } from './BlockLoader.js';
import type { HoursOptions, MetricHour, SeriesSlice } from './SeriesSlice.js';

/** Samples, by their index entries, that are fetched in one go at most. */
const GROUP_SAMPLES = 500_000;
/** Hours that are: few at first, since who asks for a few samples goes no further. */
const FIRST_HOURS = 4;
const MOST_HOURS = 256;
const MOST_TRIES = 5;

/** Reads the samples of metrics, hour by hour. */
export class MetricReader implements ChunkCache {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #loader: BlockLoader;

  constructor(options: BlockLoaderOptions) {
    this.#redis = options.redis;
    this.#keys = options.keys;
    this.#loader = new BlockLoader(options);
  }

  get counts(): BlockCounts {
    return this.#loader.counts;
  }

  get isEmpty(): boolean {
    return this.#loader.isEmpty;
  }

  /** Forgets all blocks. */
  purge(): void {
    this.#loader.purge();
  }

  /**
   * The hours of a range that hold chunks, oldest first, each with the samples in the range: no sample twice and none
   * missing, whatever is merged meanwhile. Up to 256 hours take two round trips together, and none where they are in memory:
   * then only the index is read. Gives the event loop back every 10 ms.
   *
   * @param keyName the metric's name as it stands in keys: see `metricKeyName`
   * @throws KeyError when a chunk does not open; AnalyticsError `STORE_INCONSISTENT` when it is not what its entry says
   */
  async *hours(keyName: string, options: HoursOptions): AsyncGenerator<MetricHour> {
    const breath = new Breath();
    let group: HourEntries[] = [];
    let samples = 0;
    let size = FIRST_HOURS;
    for await (const hour of readHours(this.#redis, this.#keys.metric(keyName), options)) {
      group.push(hour);
      samples += hour.entries.reduce((sum, { count }) => sum + count, 0);
      if (group.length < size && samples < GROUP_SAMPLES) continue;
      yield* this.#read(keyName, group, options, breath);
      size = Math.min(size * 2, MOST_HOURS);
      group = [];
      samples = 0;
    }
    yield* this.#read(keyName, group, options, breath);
  }

  async *#read(keyName: string, group: readonly HourEntries[], options: HoursOptions, breath: Breath): AsyncGenerator<MetricHour> {
    const wanted = group.flatMap(({ entries }) => entries.filter((entry) => isWanted(entry, options)));
    const loaded = await this.#loader.load(keyName, wanted, options.series, breath);
    for (const hour of group) {
      yield isComplete(hour, loaded, options) ? toHour(hour, loaded, options) : await this.#readAgain(keyName, hour, options, breath);
    }
  }

  /** A chunk that is gone was merged more than ten minutes ago, or has expired: the index shows another hour by now. */
  async #readAgain(keyName: string, before: HourEntries, options: HoursOptions, breath: Breath): Promise<MetricHour> {
    const { hour } = before;
    let known = before.entries;
    for (let tries = 1; ; tries += 1) {
      const entries = await readHour(this.#redis, this.#keys.metric(keyName), hour);
      const loaded = await this.#loader.load(keyName, entries.filter((entry) => isWanted(entry, options)), options.series, breath);
      const again = { hour, entries };
      // An entry that stays without its chunk was left by a write that failed half way: it holds nothing.
      if (tries === MOST_TRIES || isComplete(again, loaded, options) || namesOf(entries) === namesOf(known)) return toHour(again, loaded, options);
      known = entries;
    }
  }
}

function isWanted({ blocks, earliest, latest }: ChunkIndexEntry, { lower, upper, parts }: HoursOptions): boolean {
  if (earliest > upper || latest < lower) return false;
  return blocks === 0 ? parts !== 'merged' : parts !== 'small';
}

function isComplete({ entries }: HourEntries, loaded: LoadedBlocks, options: HoursOptions): boolean {
  return entries.every((entry) => loaded.has(entry) || !isWanted(entry, options));
}

function namesOf(entries: readonly ChunkIndexEntry[]): string {
  return entries.map(({ chunkId }) => chunkId.toString('hex')).join();
}

function toHour({ hour, entries }: HourEntries, loaded: LoadedBlocks, options: HoursOptions): MetricHour {
  const slices = entries.flatMap((entry) => (loaded.get(entry) ?? []).flatMap((samples) => sliceOf(samples, entry, options)));
  return { hour, version: versionOf(entries), slices };
}

function sliceOf(samples: SeriesSamples, { blocks }: ChunkIndexEntry, { lower, upper, series }: HoursOptions): SeriesSlice[] {
  const { seriesId, times, values } = samples;
  if (series !== undefined && !series.has(seriesId)) return [];
  const isMerged = blocks > 0;
  const isWhole = times[0]! >= lower && times[times.length - 1]! <= upper;
  const from = isWhole ? 0 : firstAt(times, lower);
  const to = isWhole ? times.length : firstAbove(times, upper);
  return from < to ? [{ seriesId, times: times.subarray(from, to), values: values.subarray(from, to), isMerged }] : [];
}

/** Place of the first time that is `limit` or later. */
function firstAt(times: Float64Array, limit: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Place of the first time that is later than `limit`. Times are whole milliseconds. */
function firstAbove(times: Float64Array, limit: number): number {
  return limit === Infinity ? times.length : firstAt(times, Math.floor(limit) + 1);
}

const VERSION_BYTES = 6;

/** The ids of the merged chunks, as one number: a double holds 6 bytes of their hash exactly. */
function versionOf(entries: readonly ChunkIndexEntry[]): number {
  const merged = entries.filter(({ blocks }) => blocks > 0).map(({ chunkId }) => chunkId);
  if (merged.length === 0) return 0;
  const hash = createHash('sha256');
  for (const chunkId of merged.toSorted((one, other) => one.compare(other))) hash.update(chunkId);
  return hash.digest().readUIntBE(0, VERSION_BYTES);
}
