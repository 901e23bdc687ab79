import { setTimeout as sleep } from 'node:timers/promises';

import { decompress } from '../codec/compression.js';
import { decodeEventRows } from '../codec/eventRowsText.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { SealedChunk } from '../security/ChunkSealer.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { EventReader } from '../storage/EventReader.js';
import { PurgeMark } from '../storage/PurgeMark.js';
import type { FeedEntry } from './feedEntry.js';
import { isWrongType } from './isWrongType.js';
import { MergedEntries } from './MergedEntries.js';
import { entryOfRows, type OpenedEntry } from './OpenedEntry.js';
import type { RealtimeFigures } from './RealtimeFigures.js';

export interface ChunkOpenerOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  readonly figures: RealtimeFigures;
  readonly onError: (error: unknown) => void;
}

interface FetchedChunks {
  /** Of erasures, from before they were fetched. */
  readonly mark: string;
  /** As they rest, in the order of their entries; undefined for one that is gone. */
  readonly chunks: readonly (SealedChunk | undefined)[];
}

/** Events whose chunks are held at a time. */
const EVENTS_AT_ONCE = 4096;
/** Merged chunks that are held in one run through a feed that leads to them. */
const MERGED_BYTES = 32 * 1024 * 1024;
const OFFSET_BYTES = 8;
const RETRY_MS = 200;

/** Fetches and opens the chunks that feed entries tell of. */
export class ChunkOpener {
  readonly #options: ChunkOpenerOptions;
  readonly #purges: PurgeMark;
  #isClosed = false;

  constructor(options: ChunkOpenerOptions) {
    this.#options = options;
    this.#purges = PurgeMark.of(options.redis, options.keys);
  }

  /**
   * Opens the chunks of these entries, which are of one type, in their order: group by group, as many as may be in
   * memory together. An entry counts only if its id is the offset that its chunk names: one that a failed write left is
   * passed over, like one whose events expired. Where the chunk was merged its events are found in what came of it.
   *
   * What was erased a second ago or earlier is not in it: what was fetched before is fetched again.
   */
  async *open(type: string, entries: readonly FeedEntry[]): AsyncGenerator<Iterable<OpenedEntry>> {
    const { figures, redis, keys, secrets } = this.#options;
    let merged: MergedEntries | undefined;
    for (const group of groupsOf(entries)) {
      let fetched = await this.#tryUntilAnswered(async () => this.#fetch(type, group));
      // Who asked may have others to send first.
      yield [];
      for (let from = 0; from < group.length; ) {
        const isCurrent = fetched !== undefined && (await this.#tryUntilAnswered(async () => this.#purges.current())) === fetched.mark;
        if (fetched !== undefined && !isCurrent) {
          merged = undefined;
          fetched = await this.#tryUntilAnswered(async () => this.#fetch(type, group));
          if (fetched !== undefined) continue;
        }
        if (fetched === undefined) {
          figures.entriesSkipped += group.length - from;
          break;
        }
        const absent = fetched.chunks.indexOf(undefined, from);
        const to = absent === -1 ? group.length : absent;
        if (to > from) {
          yield this.#openEach(type, group, fetched.chunks, from, to);
          from = to;
          continue;
        }
        merged ??= new MergedEntries(new EventReader({ redis, keys, secrets, cacheBytes: MERGED_BYTES }), type);
        const finder = merged;
        const found = await this.#tryUntilAnswered(async () => finder.find(group[from]!));
        from += 1;
        if (found === undefined) figures.entriesSkipped += 1;
        else yield [found];
      }
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  *#openEach(type: string, entries: readonly FeedEntry[], chunks: readonly (SealedChunk | undefined)[], from: number, to: number): Generator<OpenedEntry> {
    const { figures, secrets, onError } = this.#options;
    for (let place = from; place < to; place += 1) {
      const entry = entries[place]!;
      const { bytes, wrappedKey } = chunks[place]!; // the caller left out those that are gone
      if (bytes.readDoubleBE(0) !== entry.offset) {
        figures.entriesSkipped += 1;
        continue;
      }
      try {
        const sealed = { bytes: bytes.subarray(OFFSET_BYTES), wrappedKey };
        const rows = decodeEventRows(decompress(secrets.chunks.open({ kind: 'events', series: type, ...entry }, sealed)), { verify: false });
        figures.chunksOpened += 1;
        yield entryOfRows(rows, entry.offset - entry.count + 1);
      } catch (error) {
        figures.entriesSkipped += 1;
        onError(error);
      }
    }
  }

  /** Once a second it asks first whether something was erased: a round trip that the others are spared. */
  async #fetch(type: string, entries: readonly FeedEntry[]): Promise<FetchedChunks> {
    const { redis, keys, secrets } = this.#options;
    const series = keys.event(type);
    const mark = await this.#purges.current();
    return { mark, chunks: await secrets.dataKeys.fetch(redis, series.chunks, series, entries.map((entry) => entry.chunkId)) };
  }

  /**
   * Tries until Redis answers: the entries were taken from the feed, so what is not fetched now is never sent.
   * @returns undefined when trying again does not help, or after `close`
   */
  async #tryUntilAnswered<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.#isClosed) {
      try {
        return await work();
      } catch (error) {
        if (this.#isClosed) break;
        this.#options.onError(error);
        if (isWrongType(error) || error instanceof AnalyticsError) break;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    return undefined;
  }
}

/** Parts of so many events that their chunks may be in memory together. */
function* groupsOf(entries: readonly FeedEntry[]): Generator<readonly FeedEntry[]> {
  let group: FeedEntry[] = [];
  let events = 0;
  for (const entry of entries) {
    if (group.length > 0 && events + entry.count > EVENTS_AT_ONCE) {
      yield group;
      group = [];
      events = 0;
    }
    group.push(entry);
    events += entry.count;
  }
  if (group.length > 0) yield group;
}
