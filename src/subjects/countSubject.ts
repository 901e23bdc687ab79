import { EventReader } from '../storage/EventReader.js';
import { readHours } from '../storage/readHours.js';
import { countFeed } from './feed/eraseFeed.js';
import { jsonOf, openForSubject } from './queue/openForSubject.js';
import { walkEventJobs } from './queue/walkEventJobs.js';
import { readSpools } from './spool/readSpools.js';
import { findHolders } from './store/findHolders.js';
import type { SubjectContext } from './SubjectContext.js';

/** What there is of one person, by place. */
export interface SubjectCounts {
  /** Events in the store, and the chunks that hold them. */
  readonly events: number;
  readonly chunks: number;
  /** Events in batches that wait, in dead letters, and in spools on this host. */
  readonly queued: number;
  readonly deadLetters: number;
  readonly spooled: number;
  /** Entries of feeds that name the person. */
  readonly feedEntries: number;
  /** Chunks, batches and files of spools that do not open: nobody can tell whose they are. */
  readonly unreadable: number;
}

export interface CountScope {
  readonly userId: string;
  /** ms: what was tracked later does not count. */
  readonly until: number;
  /** The offset of the last event that counts, of each type. Default: all count. */
  readonly upTo?: ((type: string) => number) | undefined;
  readonly throwIfAborted?: (() => void) | undefined;
}

/** Reads every place and counts what there is of one person: before an erasure to plan it, and after it to prove it. */
export async function countSubject(context: SubjectContext, { userId, until, upTo = () => Number.MAX_SAFE_INTEGER, throwIfAborted = () => {} }: CountScope): Promise<SubjectCounts> {
  const { redis, keys, secrets, keyRing, events: queue, spoolDir } = context;
  const counts = { events: 0, chunks: 0, queued: 0, deadLetters: 0, spooled: 0, feedEntries: 0, unreadable: 0 };
  const types = await redis.hkeys(keys.eventCatalogue);

  for await (const { records, isDamaged } of readSpools(spoolDir)) {
    if (isDamaged) counts.unreadable += 1;
    for (const { id, payload } of records) {
      throwIfAborted();
      const opened = await openForSubject(id, payload, userId, until, keyRing);
      if (opened === undefined) counts.unreadable += 1;
      else counts.spooled += opened.count;
    }
  }
  const seen = new Set<string>();
  for await (const { id, isDead, data } of walkEventJobs(redis, queue)) {
    throwIfAborted();
    const opened = await openForSubject(id, jsonOf(data), userId, until, keyRing);
    if (seen.has(id) || opened?.count === 0) continue;
    seen.add(id);
    if (opened === undefined) counts.unreadable += 1;
    else counts[isDead ? 'deadLetters' : 'queued'] += opened.count;
  }
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  for (const type of types) {
    const run = { redis, keys, secrets, userId, throwIfAborted };
    counts.feedEntries += await countFeed(run, type, upTo(type));
    for await (const { hour, entries } of readHours(redis, keys.event(type), { lower: -Infinity, upper: Infinity })) {
      throwIfAborted();
      let found = await findHolders(reader, type, entries, { userId, upTo: upTo(type) });
      while (found === undefined) {
        throwIfAborted();
        found = await findHolders(reader, type, await reader.hour(type, hour), { userId, upTo: upTo(type) });
      }
      counts.events += found.events;
      counts.chunks += found.holders.length;
      counts.unreadable += found.unreadable;
    }
  }
  return counts;
}
