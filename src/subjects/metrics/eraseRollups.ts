import { encodeRollup } from '../../codec/rollups/encodeRollup.js';
import { StoredRollup } from '../../codec/rollups/StoredRollup.js';
import { tiers, type Tier } from '../../codec/rollups/tiers.js';
import { hourOf, HOUR_MS } from '../../codec/hours.js';
import { rollUpRows } from '../../insights/aggregation/rollUp.js';
import { rolledUpField } from '../../merging/metrics/readHourMarks.js';
import { TierStore } from '../../storage/metrics/TierStore.js';
import type { ErasureRun } from '../ErasureRun.js';
import type { SubjectSeries } from './SubjectSeries.js';

const MOST_TRIES = 10;
/** Samples may lie a day ahead, and clocks a day apart. */
const AHEAD_HOURS = 49;
const allTiers = Object.keys(tiers) as Tier[]; // the keys of a record by tier

/**
 * Takes series out of every rollup of their metric, or gives their rows to the series in their place: also where the samples
 * expired long ago. Of hours whose samples changed a rollup says that it is of others, and the next merge makes it anew.
 * The bytes that are replaced go with their data key.
 *
 * @param until ms: what was tracked later and rolled up meanwhile goes out with the rest, so that the rollups of these hours
 *   have to be made again
 * @returns how many rollups held some
 */
export async function eraseRollups({ redis, keys, secrets, throwIfAborted }: ErasureRun, { keyName, ids }: SubjectSeries, until: number): Promise<number> {
  const store = new TierStore({ redis, keys, secrets, cacheBytes: 0 });
  let replaced = 0;
  for (const tier of allTiers) {
    for (const period of (await store.stored(keyName, tier)).keys()) {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        throwIfAborted();
        const before = await store.readOne(keyName, tier, period);
        if (before.bytes === undefined) break;
        const known = new StoredRollup(before.bytes);
        if (!known.seriesIds.some((id) => ids.has(id))) break;
        if (!(await store.replace(keyName, tier, period, before, without(known, tier, ids, until)))) continue;
        replaced += 1;
        break;
      }
    }
  }
  const due = replaced === 0 ? [] : Array.from({ length: hourOf(Date.now()) + AHEAD_HOURS - hourOf(until) }, (_, place) => rolledUpField(hourOf(until) + place));
  if (due.length > 0) await redis.hdel(keys.metric(keyName).counts, ...due);
  return replaced;
}

/** How many rollups of a metric hold rows of series. */
export async function countRollups({ redis, keys, secrets, throwIfAborted }: Pick<ErasureRun, 'redis' | 'keys' | 'secrets' | 'throwIfAborted'>, { keyName, ids }: SubjectSeries): Promise<number> {
  const store = new TierStore({ redis, keys, secrets, cacheBytes: 0 });
  let found = 0;
  for (const tier of allTiers) {
    for (const period of (await store.stored(keyName, tier)).keys()) {
      throwIfAborted();
      const { bytes } = await store.readOne(keyName, tier, period);
      if (bytes !== undefined && new StoredRollup(bytes).seriesIds.some((id) => ids.has(id))) found += 1;
    }
  }
  return found;
}

function without(known: StoredRollup, tier: Tier, ids: ReadonlyMap<string, string>, until: number): Buffer {
  const { seriesIds, firstRows, start } = known;
  const isKept = new Uint8Array(firstRows.at(-1)!);
  for (const [place, id] of seriesIds.entries()) isKept.fill(ids.get(id) === '' ? 0 : 1, firstRows[place], firstRows[place + 1]);
  const moved = { ...known.toTable(), seriesIds: seriesIds.map((id) => ids.get(id) || id) };
  const { width, withSketches } = tiers[tier];
  const versions = new Map([...known.versions].filter(([hour]) => start + hour * HOUR_MS + HOUR_MS <= until));
  return encodeRollup(rollUpRows([moved], { start, width, withSketches, keeps: (_, row) => isKept[row] === 1 }), versions);
}
