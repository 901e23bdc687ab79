import type { Event } from '../contract/event.js';
import type { Metric } from '../contract/metric.js';
import { chunkIdOf } from '../redis/keys.js';
import { EventReader } from '../storage/EventReader.js';
import { readHours } from '../storage/readHours.js';
import { exportRollups, exportSamples, type ExportedRollup } from './metrics/exportSamples.js';
import { findSeries, type FoundSeries } from './metrics/findSeries.js';
import { eventsOf, jsonOf, openForSubject, samplesOf, type OpenedForSubject } from './queue/openForSubject.js';
import { walkJobs } from './queue/walkJobs.js';
import { listReceipts, type ErasureReceipt } from './Receipt.js';
import { readSpools } from './spool/readSpools.js';
import { findHolders, rowsOf } from './store/findHolders.js';
import type { SubjectContext } from './SubjectContext.js';

/** Where it was found: what is not stored yet is given out as well. */
export type ExportPlace = 'store' | 'queue' | 'deadLetters' | 'spool';

/** One line of an export. The first is `subject`, the last `end`: an export without it was cut short. */
export type ExportRecord =
  | { readonly record: 'subject'; readonly format: 1; readonly userId: string; readonly exportedAt: number }
  | { readonly record: 'event'; readonly from: ExportPlace; readonly event: Event }
  /** A sample of a metric whose tags name them. */
  | { readonly record: 'sample'; readonly from: ExportPlace; readonly sample: Metric }
  /** What is kept of such samples in some time, also when these have expired. */
  | { readonly record: 'rollup'; readonly rollup: ExportedRollup }
  /** That what was theirs was erased before. */
  | { readonly record: 'erasure'; readonly receipt: ErasureReceipt }
  | {
      readonly record: 'end';
      readonly events: number;
      readonly samples: number;
      /** Chunks, batches and files of spools that do not open: nobody can tell whether they hold something of theirs. */
      readonly unreadable: number;
    };

const EVERYTHING = { until: Number.MAX_SAFE_INTEGER, upTo: Number.MAX_SAFE_INTEGER };
/** Chunks whose events are in memory together. */
const CHUNKS_AT_ONCE = 16;

/**
 * Everything that there is of one person, each event and sample once: what waits in spools, in queues and among the dead
 * letters, then the store, type by type and metric by metric, oldest hours first. What comes in meanwhile may be in it. What
 * moves on while this reads is met where it goes, since the waiting ones are read before the store, and once more behind it.
 * Samples have no ids: those of a batch that is stored and merged meanwhile are in it twice.
 *
 * An hour's events of theirs are in memory at a time, and the ids of those that were given out.
 */
export async function* exportSubject(context: SubjectContext, userId: string): AsyncGenerator<ExportRecord, void, undefined> {
  const { redis, keys, secrets } = context;
  yield { record: 'subject', format: 1, userId, exportedAt: context.now() };
  const given = new Set<string>();
  const batches = new Set<string>();
  const spoilt = new Set<string>();
  let unreadable = 0;
  let samples = 0;
  function* waitingOf({ from, id, opened }: Waiting): Generator<ExportRecord> {
    if (opened === undefined) spoilt.add(id);
    else if (opened.kind === 'events') yield* fresh(from, eventsOf(opened));
    else if (opened.count > 0 && !batches.has(id)) {
      batches.add(id);
      samples += opened.count;
      for (const sample of samplesOf(opened)) yield { record: 'sample', from, sample };
    }
  }
  function* fresh(from: ExportPlace, events: Iterable<Event>): Generator<ExportRecord> {
    for (const event of events) {
      const name = `${event.type} ${event.id}`;
      if (given.has(name)) continue;
      given.add(name);
      yield { record: 'event', from, event };
    }
  }

  for await (const waiting of waitingBatches(context, userId)) yield* waitingOf(waiting);
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  for (const type of (await redis.hkeys(keys.eventCatalogue)).sort()) {
    for await (const { hour } of readHours(redis, keys.event(type), { lower: -Infinity, upper: Infinity })) {
      const found = await hourOf(reader, type, hour, userId);
      unreadable += found.unreadable;
      yield* fresh('store', found.events);
    }
  }
  for (const series of await seriesByMetric(context, userId)) {
    const isGiven = chunksOf(batches, series[0]!.keyName);
    for await (const hour of exportSamples(context, series, isGiven)) {
      unreadable += hour.unreadable;
      samples += hour.samples.length;
      for (const sample of hour.samples) yield { record: 'sample', from: 'store', sample };
    }
    for await (const rollup of exportRollups(context, series)) yield { record: 'rollup', rollup };
  }
  for await (const waiting of waitingBatches(context, userId)) yield* waitingOf(waiting);
  const pseudonym = secrets.audit.pseudonym(userId).toString('hex');
  for (const receipt of await listReceipts(context)) if (receipt.content.subject === pseudonym) yield { record: 'erasure', receipt };
  yield { record: 'end', events: given.size, samples, unreadable: unreadable + spoilt.size };
}

interface Waiting {
  readonly from: ExportPlace;
  /** Of the batch, or the path of a file of which a part cannot be read. */
  readonly id: string;
  /** Undefined where it does not open. */
  readonly opened: OpenedForSubject | undefined;
}

async function* waitingBatches({ redis, keyRing, events, metrics, spoolDir }: SubjectContext, userId: string): AsyncGenerator<Waiting> {
  for await (const { path, records, isDamaged } of readSpools(spoolDir)) {
    if (isDamaged) yield { from: 'spool', id: path, opened: undefined };
    for (const { queue, id, payload } of records) yield { from: 'spool', id, opened: await openForSubject(queue, id, payload, userId, EVERYTHING.until, keyRing) };
  }
  for (const [kind, queue] of [['events', events], ['metrics', metrics]] as const) {
    for await (const { id, isDead, data } of walkJobs(redis, queue)) {
      yield { from: isDead ? 'deadLetters' : 'queue', id, opened: await openForSubject(kind, id, jsonOf(data), userId, EVERYTHING.until, keyRing) };
    }
  }
}

async function seriesByMetric({ redis, keys, secrets }: SubjectContext, userId: string): Promise<FoundSeries[][]> {
  const byMetric = new Map<string, FoundSeries[]>();
  for await (const series of findSeries({ redis, keys, secrets, userId, throwIfAborted: () => {} })) byMetric.set(series.keyName, [...(byMetric.get(series.keyName) ?? []), series]);
  return [...byMetric.values()];
}

/** Whether a small chunk of a metric is what one of these batches became. A batch has samples of few hours. */
function chunksOf(batches: ReadonlySet<string>, keyName: string): (chunkId: Buffer, hour: number) => boolean {
  return (chunkId, hour) => [...batches].some((id) => chunkIdOf(id, `metric ${keyName}`, hour).equals(chunkId));
}

/** Somebody's events of one hour, oldest first, from an index of one moment. */
async function hourOf(reader: EventReader, type: string, hour: number, userId: string): Promise<{ readonly events: readonly Event[]; readonly unreadable: number }> {
  const wanted = { userId, upTo: EVERYTHING.upTo };
  for (;;) {
    const holders = await findHolders(reader, type, await reader.hour(type, hour), wanted);
    if (holders === undefined) continue; // a chunk was merged meanwhile
    const events: Event[] = [];
    let isWhole = true;
    for (let from = 0; from < holders.holders.length && isWhole; from += CHUNKS_AT_ONCE) {
      for (const table of await reader.load(type, holders.holders.slice(from, from + CHUNKS_AT_ONCE), 'all')) {
        if (table === undefined) isWhole = false;
        else for (const row of rowsOf(table, wanted)) events.push(table.event(row));
      }
    }
    if (isWhole) return { events: events.sort((one, other) => one.timestamp - other.timestamp), unreadable: holders.unreadable };
  }
}
