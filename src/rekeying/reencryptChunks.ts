import type { Tier } from '../codec/rollups/tiers.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { mergeGroup } from '../merging/mergeGroup.js';
import type { MergeRun } from '../merging/MergeRun.js';
import { mergeSamples } from '../merging/metrics/mergeSamples.js';
import { sizesOf } from '../merging/sizesOf.js';
import { KEY_ID_BYTES } from '../security/NamedKeys.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';
import { EventReader } from '../storage/EventReader.js';
import { BlockLoader } from '../storage/metrics/BlockLoader.js';
import { TierStore } from '../storage/metrics/TierStore.js';
import { tierNames } from '../storage/metrics/tierNames.js';
import { readIndex } from '../storage/readIndex.js';
import { storedSeries, type StoredSeries } from '../storage/storedSeries.js';
import { keyStoresOf, type RekeyRun } from './RekeyRun.js';

/** Chunks that are written anew by one swap, and are in memory together: as merging takes them. */
const MOST_CHUNKS = 400;
const MOST_ROWS = { events: 8000, metrics: 250_000 } as const;
/** Ids of old chunks that are looked for in one walk through the index: 10 MB. */
const MOST_IDS = 100_000;
const everything = { from: -Infinity, to: Infinity, order: 'asc' } as const;

/**
 * Writes what is sealed under older keys anew, under new data keys: for when an older key got into the wrong hands. What is
 * under the current one is left alone, so a run that was cut short is completed by the next.
 */
export async function reencryptChunks(run: RekeyRun): Promise<void> {
  for (const series of await storedSeries(run.redis, run.keys)) {
    for (;;) {
      const { ids, areAll } = await oldChunks(run, series);
      if (ids.size === 0) break;
      const done = series.kind === 'events' ? await reencryptEvents(run, series, ids) : await reencryptMetric(run, series, ids);
      if (!run.report.isComplete) return;
      // What is left is retired, and goes by itself, or does not open.
      if (areAll || done === 0) break;
    }
  }
}

/** The chunks and rollups of a series whose data keys are wrapped by older keys, or lie beside the data though they could lie apart. */
async function oldChunks({ redis, secrets, report, isLate }: RekeyRun, { keys }: StoredSeries): Promise<{ ids: Set<string>; areAll: boolean }> {
  const current = secrets.held[0]!.keyEncryptionId; // it comes first
  const ids = new Set<string>();
  for (const store of keyStoresOf(secrets)) {
    let cursor = '0';
    do {
      if (isLate()) {
        report.isComplete = false;
        return { ids: new Set(), areAll: true };
      }
      const page = await store.scan(redis, keys, cursor);
      report.dataKeys += page.keys.length;
      for (const [chunkId, wrappedKey] of page.keys) {
        const isOld = store.isApart !== secrets.dataKeys.isApart || wrappedKey.subarray(0, KEY_ID_BYTES).toString('hex') !== current;
        if (isOld) ids.add(chunkId.toString('latin1'));
      }
      if (ids.size >= MOST_IDS) return { ids, areAll: false };
      ({ cursor } = page);
    } while (cursor !== '0');
  }
  return { ids, areAll: true };
}

async function reencryptEvents(run: RekeyRun, series: StoredSeries, ids: ReadonlySet<string>): Promise<number> {
  const { redis, keys, secrets } = run;
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  return reencryptIndexed(run, series, ids, async (merge, hour, group) => mergeGroup(merge, reader, series.name, hour, group));
}

async function reencryptMetric(run: RekeyRun, series: StoredSeries, ids: ReadonlySet<string>): Promise<number> {
  const { redis, keys, secrets } = run;
  const loader = new BlockLoader({ redis, keys, secrets, cacheBytes: 0 });
  const metric = { keyName: series.name, keys: keys.metric(series.name) };
  const done = await reencryptIndexed(run, series, ids, async (merge, hour, group) => mergeSamples(merge, loader, metric, hour, group));
  return done + (await reencryptRollups(run, series, ids));
}

type Rewrite = (merge: MergeRun, hour: number, group: { readonly entry: ChunkIndexEntry; readonly bytes: number }[]) => Promise<object | undefined>;

async function reencryptIndexed(run: RekeyRun, series: StoredSeries, ids: ReadonlySet<string>, rewrite: Rewrite): Promise<number> {
  const { redis, keys, secrets, report, isLate, tell } = run;
  const merge: MergeRun = { redis, keys, secrets, now: Date.now, graceMs: 0, oldestSample: -Infinity, isLate };
  let done = 0;
  for await (const whole of groupsOf(run, series, ids)) {
    const left = [whole];
    for (let group = left.pop(); group !== undefined && report.isComplete; group = left.pop()) {
      if (isLate()) {
        report.isComplete = false;
        break;
      }
      const bytes = await sizesOf(redis, series.keys, group);
      try {
        const swapped = await rewrite(merge, group[0]!.hour, group.map((entry, place) => ({ entry, bytes: bytes[place]! }))); // no group is empty
        if (swapped !== undefined) done += group.length;
      } catch (error) {
        if (!(error instanceof AnalyticsError)) throw error;
        // A chunk that does not open must not keep its neighbours from being written anew.
        const half = group.length >> 1;
        if (half === 0) report.failed += 1;
        else left.push(group.slice(half), group.slice(0, half));
      }
      await tell();
    }
    if (!report.isComplete) break;
  }
  report.reencrypted += done;
  return done;
}

/** Those of the ids that are in the index, in groups of one hour. */
async function* groupsOf({ redis }: RekeyRun, { kind, keys }: StoredSeries, ids: ReadonlySet<string>): AsyncGenerator<ChunkIndexEntry[]> {
  let group: ChunkIndexEntry[] = [];
  let rows = 0;
  for await (const entry of readIndex(redis, keys.time, everything)) {
    if (!ids.has(entry.chunkId.toString('latin1'))) continue;
    if (group.length > 0 && (group[0]!.hour !== entry.hour || group.length >= MOST_CHUNKS || rows + entry.count > MOST_ROWS[kind])) {
      yield group;
      group = [];
      rows = 0;
    }
    group.push(entry);
    rows += entry.count;
  }
  if (group.length > 0) yield group;
}

async function reencryptRollups({ redis, keys, secrets, report, isLate, tell }: RekeyRun, { name }: StoredSeries, ids: ReadonlySet<string>): Promise<number> {
  const tiers = new TierStore({ redis, keys, secrets, cacheBytes: 0 });
  let done = 0;
  for (const tier of Object.keys(tierNames) as Tier[]) {
    // the keys of a record by tier
    for (const [period, chunkId] of await tiers.stored(name, tier)) {
      if (!ids.has(chunkId.toString('latin1'))) continue;
      if (isLate()) {
        report.isComplete = false;
        return done;
      }
      try {
        const before = await tiers.readOne(name, tier, period);
        if (before.bytes !== undefined && (await tiers.replace(name, tier, period, before, before.bytes))) done += 1;
      } catch (error) {
        if (!(error instanceof AnalyticsError)) throw error;
        report.failed += 1;
      }
      await tell();
    }
  }
  report.reencrypted += done;
  return done;
}
