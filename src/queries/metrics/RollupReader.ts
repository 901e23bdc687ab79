import { LRUCache } from 'lru-cache';

import { StoredRollup } from '../../codec/rollups/StoredRollup.js';
import { firstHourOf, periodOf, tiers, type Tier } from '../../codec/rollups/tiers.js';
import { HOUR_MS } from '../../codec/hours.js';
import type { TierStore } from '../../storage/metrics/TierStore.js';
import type { RollupSource } from './planSteps.js';

/** Bytes of decoded rollups that are kept in memory: the rows of 100 series in 100 hours by minutes, with all of their columns. */
const CACHE_BYTES = 64 * 1024 * 1024;
const ROW_BYTES = 14 * 8;
/** A stored byte of a sketch is about a bin, in memory 12. */
const SKETCH_BYTES = 12;
/** Periods between two wanted ones that are read along with them, rather than in a round trip of their own. */
const LARGEST_GAP = 16;

/** Reads rollups, and keeps them decoded. What is stored never changes its bytes, so a decoded one is good as long as those. */
export class RollupReader implements RollupSource {
  readonly #store: Pick<TierStore, 'read'>;
  readonly #oldestKept: (tier: Tier) => number;
  readonly #decoded = new LRUCache<Buffer, StoredRollup>({ maxSize: CACHE_BYTES });

  /** @param oldestKept ms since 1970: rows that end before are hidden, whether or not they were removed already */
  constructor(store: Pick<TierStore, 'read'>, oldestKept: (tier: Tier) => number) {
    this.#store = store;
    this.#oldestKept = oldestKept;
  }

  firstHour(tier: Tier): number {
    const hours = Math.max(1, tiers[tier].width / HOUR_MS);
    return Math.floor(this.#oldestKept(tier) / (hours * HOUR_MS)) * hours;
  }

  async load(keyName: string, tier: Tier, periods: readonly number[]): Promise<Map<number, StoredRollup>> {
    const found = new Map<number, StoredRollup>();
    for (const [from, to] of rangesOf(periods)) for (const [period, stored] of await this.#read(keyName, tier, from, to)) found.set(period, stored);
    return found;
  }

  async hours(keyName: string, tier: Tier, fromHour: number, toHour: number): Promise<number[]> {
    const from = Math.max(fromHour, this.firstHour(tier));
    if (from > toHour) return [];
    const stored = await this.#read(keyName, tier, periodOf(tier, from), periodOf(tier, toHour));
    const hours = [...stored].flatMap(([period, { versions }]) => Array.from(versions.keys(), (hour) => firstHourOf(tier, period) + hour));
    return hours.filter((hour) => hour >= from && hour <= toHour).sort((one, other) => one - other);
  }

  async #read(keyName: string, tier: Tier, from: number, to: number): Promise<[period: number, stored: StoredRollup][]> {
    const stored = await this.#store.read(keyName, tier, from, to);
    return Array.from(stored, ([period, bytes]) => [period, this.#decode(tier, bytes)]);
  }

  #decode(tier: Tier, bytes: Buffer): StoredRollup {
    const known = this.#decoded.get(bytes);
    if (known !== undefined) return known;
    const decoded = new StoredRollup(bytes);
    const rows = decoded.firstRows.at(-1) ?? 0;
    this.#decoded.set(bytes, decoded, { size: 1 + rows * ROW_BYTES + (tiers[tier].withSketches ? bytes.length * SKETCH_BYTES : 0) });
    return decoded;
  }
}

/** Ranges that hold all of the periods, and few others. */
function rangesOf(periods: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const period of periods.toSorted((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last !== undefined && period - last[1] <= LARGEST_GAP) last[1] = period;
    else ranges.push([period, period]);
  }
  return ranges;
}
