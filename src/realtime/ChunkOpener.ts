import { setTimeout as sleep } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import type { EventRows } from '../codec/EventRows.js';
import type { Keys } from '../redis/keys.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import type { FetchedChunk } from '../storage/ChunkReader.js';
import { createEventReader, type EventReader } from '../storage/createEventReader.js';
import type { FeedEntry } from './feedEntry.js';
import { isWrongType } from './isWrongType.js';
import type { RealtimeFigures } from './RealtimeFigures.js';

export interface OpenedEntry {
  readonly entry: FeedEntry;
  readonly rows: EventRows;
}

export interface ChunkOpenerOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  readonly figures: RealtimeFigures;
  readonly onError: (error: unknown) => void;
}

/** Events whose chunks are held at a time. */
const EVENTS_AT_ONCE = 4096;
const RETRY_MS = 200;

/** Fetches and opens the chunks that feed entries tell of. */
export class ChunkOpener {
  readonly #options: ChunkOpenerOptions;
  readonly #reader: EventReader;
  #isClosed = false;

  constructor(options: ChunkOpenerOptions) {
    this.#options = options;
    // Each is opened once, so keeping it would only cost memory.
    this.#reader = createEventReader(options.keys, { redis: options.redis, secrets: options.secrets, cacheBytes: 0 });
  }

  /**
   * Opens the chunks of these entries, which are of one type, in their order: group by group, as many as may be in
   * memory together. An entry counts only if its id is the offset that its chunk names: one that a failed write left is
   * passed over, like one whose chunk was removed.
   */
  async *open(type: string, entries: readonly FeedEntry[]): AsyncGenerator<Iterable<OpenedEntry>> {
    for (const group of groupsOf(entries)) {
      const fetched = await this.#fetch(type, group);
      this.#options.figures.entriesSkipped += group.length - fetched.length;
      yield this.#openEach(fetched);
    }
  }

  *#openEach(fetched: readonly FetchedChunk<EventRows>[]): Generator<OpenedEntry> {
    const { figures, onError } = this.#options;
    for (const chunk of fetched) {
      // `fetch` hands back the entries that it was given.
      const entry = chunk.entry as FeedEntry;
      try {
        const { rows, firstOffset } = chunk.open();
        if (firstOffset + entry.count - 1 === entry.offset) {
          figures.chunksOpened += 1;
          yield { entry, rows };
          continue;
        }
      } catch (error) {
        onError(error);
      }
      figures.entriesSkipped += 1;
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Tries until Redis answers: the entries were taken from the feed, so what is not fetched now is never sent. */
  async #fetch(type: string, group: readonly FeedEntry[]): Promise<FetchedChunk<EventRows>[]> {
    while (!this.#isClosed) {
      try {
        return await this.#reader.fetch(type, group);
      } catch (error) {
        if (this.#isClosed) break;
        this.#options.onError(error);
        if (isWrongType(error)) break;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    return [];
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
