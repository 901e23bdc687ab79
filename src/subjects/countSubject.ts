import { EventReader } from '../storage/EventReader.js';
import { readHours } from '../storage/readHours.js';
import { countFeed } from './feed/eraseFeed.js';
import { jsonOf, openForSubject } from './queue/openForSubject.js';
import { walkJobs } from './queue/walkJobs.js';
import { readSpools } from './spool/readSpools.js';
import { countLeftSamples, countSamples } from './metrics/countSamples.js';
import { findSeries } from './metrics/findSeries.js';
import { joinSeries, type SubjectSeries } from './metrics/SubjectSeries.js';
import { findHolders } from './store/findHolders.js';
import type { SubjectContext } from './SubjectContext.js';

/** What there is of one person, by place. */
export interface SubjectCounts {
  /** Events in the store, and the chunks that hold them. */
  readonly events: number;
  readonly chunks: number;
  /** Stored samples of metrics whose tags name the person, their series, and the rollups that tell of them. */
  readonly samples: number;
  readonly series: number;
  readonly rollups: number;
  /** Events and samples in batches that wait, in dead letters, and in spools on this host. */
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
  /** Series that were the person's, and whose tags were taken away. Default: those whose tags name them. */
  readonly series?: readonly SubjectSeries[] | undefined;
  readonly throwIfAborted?: (() => void) | undefined;
}

/** Reads every place and counts what there is of one person: before an erasure to plan it, and after it to prove it. */
export async function countSubject(context: SubjectContext, { userId, until, upTo = () => Number.MAX_SAFE_INTEGER, series, throwIfAborted = () => {} }: CountScope): Promise<SubjectCounts> {
  const { redis, keys, secrets, keyRing, spoolDir } = context;
  const counts = { events: 0, chunks: 0, samples: 0, series: 0, rollups: 0, queued: 0, deadLetters: 0, spooled: 0, feedEntries: 0, unreadable: 0 };
  const types = await redis.hkeys(keys.eventCatalogue);

  for await (const { records, isDamaged } of readSpools(spoolDir)) {
    if (isDamaged) counts.unreadable += 1;
    for (const { queue, id, payload } of records) {
      throwIfAborted();
      const opened = await openForSubject(queue, id, payload, userId, until, keyRing);
      if (opened === undefined) counts.unreadable += 1;
      else counts.spooled += opened.count;
    }
  }
  const seen = new Set<string>();
  for (const kind of ['events', 'metrics'] as const) {
    for await (const { id, isDead, data } of walkJobs(redis, context[kind])) {
      throwIfAborted();
      const opened = await openForSubject(kind, id, jsonOf(data), userId, until, keyRing);
      if (seen.has(id) || opened?.count === 0) continue;
      seen.add(id);
      if (opened === undefined) counts.unreadable += 1;
      else counts[isDead ? 'deadLetters' : 'queued'] += opened.count;
    }
  }
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  const run = { redis, keys, secrets, userId, throwIfAborted };
  for (const one of series ?? (await seriesOf(run))) {
    const { samples, rollups, unreadable } = await (series === undefined ? countSamples : countLeftSamples)(run, one);
    counts.samples += samples;
    counts.series += one.ids.size;
    counts.rollups += rollups;
    counts.unreadable += unreadable;
  }
  for (const type of types) {
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

async function seriesOf(run: Parameters<typeof findSeries>[0]): Promise<readonly SubjectSeries[]> {
  const found: SubjectSeries[] = [];
  for await (const { keyName, seriesId } of findSeries(run)) found.push({ keyName, ids: new Map([[seriesId, '']]) });
  return joinSeries(found);
}
