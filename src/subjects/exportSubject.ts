import type { Event } from '../contract/event.js';
import { EventReader } from '../storage/EventReader.js';
import { readHours } from '../storage/readHours.js';
import { eventsOf, jsonOf, openForSubject } from './queue/openForSubject.js';
import { walkEventJobs } from './queue/walkEventJobs.js';
import { listReceipts, type ErasureReceipt } from './Receipt.js';
import { readSpools } from './spool/readSpools.js';
import { findHolders, rowsOf } from './store/findHolders.js';
import type { SubjectContext } from './SubjectContext.js';

/** Where an event was found: events that are not stored yet are given out as well. */
export type ExportPlace = 'store' | 'queue' | 'deadLetters' | 'spool';

/** One line of an export. The first is `subject`, the last `end`: an export without it was cut short. */
export type ExportRecord =
  | { readonly record: 'subject'; readonly format: 1; readonly userId: string; readonly exportedAt: number }
  | { readonly record: 'event'; readonly from: ExportPlace; readonly event: Event }
  /** That events of theirs were erased before. */
  | { readonly record: 'erasure'; readonly receipt: ErasureReceipt }
  | {
      readonly record: 'end';
      readonly events: number;
      /** Chunks, batches and files of spools that do not open: nobody can tell whether they hold something of theirs. */
      readonly unreadable: number;
    };

const EVERYTHING = { until: Number.MAX_SAFE_INTEGER, upTo: Number.MAX_SAFE_INTEGER };
/** Chunks whose events are in memory together. */
const CHUNKS_AT_ONCE = 16;

/**
 * Everything that there is of one person, each event once: what waits in spools, in the queue and among the dead letters,
 * then the store, type by type and oldest hours first. Events that come in meanwhile may be in it. An event that moves on
 * while this reads is met where it goes, since the waiting ones are read before the store, and once more behind it.
 *
 * An hour's events of theirs are in memory at a time, and the ids of those that were given out.
 */
export async function* exportSubject(context: SubjectContext, userId: string): AsyncGenerator<ExportRecord, void, undefined> {
  const { redis, keys, secrets } = context;
  yield { record: 'subject', format: 1, userId, exportedAt: context.now() };
  const given = new Set<string>();
  const spoilt = new Set<string>();
  let unreadable = 0;
  function* fresh(from: ExportPlace, events: Iterable<Event>): Generator<ExportRecord> {
    for (const event of events) {
      const name = `${event.type} ${event.id}`;
      if (given.has(name)) continue;
      given.add(name);
      yield { record: 'event', from, event };
    }
  }

  for await (const waiting of waitingEvents(context, userId)) {
    if ('spoilt' in waiting) spoilt.add(waiting.spoilt);
    else yield* fresh(waiting.from, waiting.events);
  }
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  for (const type of (await redis.hkeys(keys.eventCatalogue)).sort()) {
    for await (const { hour } of readHours(redis, keys.event(type), { lower: -Infinity, upper: Infinity })) {
      const found = await hourOf(reader, type, hour, userId);
      unreadable += found.unreadable;
      yield* fresh('store', found.events);
    }
  }
  for await (const waiting of waitingEvents(context, userId)) {
    if ('spoilt' in waiting) spoilt.add(waiting.spoilt);
    else yield* fresh(waiting.from, waiting.events);
  }
  const pseudonym = secrets.audit.pseudonym(userId).toString('hex');
  for (const receipt of await listReceipts(context)) if (receipt.content.subject === pseudonym) yield { record: 'erasure', receipt };
  yield { record: 'end', events: given.size, unreadable: unreadable + spoilt.size };
}

type Waiting = { readonly from: ExportPlace; readonly events: Iterable<Event> } | { readonly spoilt: string };

async function* waitingEvents({ redis, keyRing, events: queue, spoolDir }: SubjectContext, userId: string): AsyncGenerator<Waiting> {
  for await (const { path, records, isDamaged } of readSpools(spoolDir)) {
    if (isDamaged) yield { spoilt: path };
    for (const { id, payload } of records) {
      const opened = await openForSubject(id, payload, userId, EVERYTHING.until, keyRing);
      yield opened === undefined ? { spoilt: id } : { from: 'spool', events: eventsOf(opened) };
    }
  }
  for await (const { id, isDead, data } of walkEventJobs(redis, queue)) {
    const opened = await openForSubject(id, jsonOf(data), userId, EVERYTHING.until, keyRing);
    yield opened === undefined ? { spoilt: id } : { from: isDead ? 'deadLetters' : 'queue', events: eventsOf(opened) };
  }
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
