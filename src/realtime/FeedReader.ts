import type { Redis } from 'ioredis';

import { eventTypeNamePattern } from '../contract/eventTypes.js';
import type { Position } from '../contract/socketProtocol.js';
import type { Keys } from '../redis/keys.js';
import { FeedCursor, type FeedPage } from './FeedCursor.js';

/** A page of one type's feed, with the life of the feed that it belongs to. */
export interface TypePage extends FeedPage {
  readonly type: string;
  readonly epoch: string;
}

export interface FeedReaderOptions {
  /** A patient connection. The caller opened it and closes it. */
  readonly redis: Redis;
  readonly keys: Keys;
  /** Told when events of a type may have been passed over. */
  readonly onGap: (type: string, reason: 'trimmed' | 'epoch') => void;
  /** Told of a type whose feed cannot be read; the others go on. */
  readonly onError: (error: unknown, type: string) => void;
}

/** Reads the feeds of all event types, in order and without passing anything over unseen. */
export class FeedReader {
  readonly #options: FeedReaderOptions;
  readonly #cursors = new Map<string, FeedCursor>();
  readonly #onLoss = (): void => {
    this.#losses += 1;
  };
  /** Connections lost so far: what was asked before and answered after may come from a Redis that lost data. */
  #losses = 0;
  #alignedAt = 0;

  constructor(options: FeedReaderOptions) {
    this.#options = options;
  }

  /** Takes its place behind everything that is stored now. May be called again when it threw. */
  async start(): Promise<void> {
    this.#options.redis.off('close', this.#onLoss).on('close', this.#onLoss);
    this.#alignedAt = this.#losses;
    const cursors = (await this.#catalogue()).map((type) => this.#cursor(type));
    await Promise.all(
      cursors.map(async (cursor) => {
        try {
          await cursor.toTop();
        } catch (error) {
          // A key that is no feed will not become one by trying again; anything else would begin at the wrong place.
          if (!isWrongType(error)) throw error;
          this.#options.onError(error, cursor.type);
        }
      }),
    );
    for (const cursor of cursors) this.#cursors.set(cursor.type, cursor);
  }

  close(): void {
    this.#options.redis.off('close', this.#onLoss);
  }

  types(): Iterable<string> {
    return this.#cursors.keys();
  }

  /** Every event stored after it has not been read yet. */
  position(): Position {
    return Object.fromEntries(Array.from(this.#cursors.values(), (cursor) => [cursor.type, cursor.place]));
  }

  /**
   * Looks for new types, and for feeds that were lost or went back. Costs a read and one for each type.
   */
  async refresh(): Promise<void> {
    await this.#realign(this.#cursors.values());
    await this.addTypes(await this.#catalogue());
  }

  /** A type that was not there when reading began is read from its first event on. */
  async addTypes(types: Iterable<string>): Promise<void> {
    for (const type of types) {
      if (this.#cursors.has(type) || !eventTypeNamePattern.test(type)) continue;
      const cursor = this.#cursor(type);
      this.#cursors.set(type, cursor);
      await this.#guarded(cursor, () => cursor.toBottom());
    }
  }

  /** The next page of each of these types that has one. */
  async read(types: Iterable<string>): Promise<TypePage[]> {
    const cursors = Array.from(types, (type) => this.#cursors.get(type)).filter((cursor) => cursor !== undefined);
    if (this.#alignedAt !== this.#losses) await this.#realign(this.#cursors.values());
    const losses = this.#losses;
    const pages: TypePage[] = [];
    await Promise.all(
      cursors.map(async (cursor) =>
        this.#guarded(cursor, async () => {
          const page = await cursor.read();
          // The answer may come from another Redis, or from one that went back: look again first.
          if (losses !== this.#losses || (page.entries.length === 0 && !page.more)) return;
          if (page.gap) this.#options.onGap(cursor.type, 'trimmed');
          cursor.advance(page);
          pages.push({ ...page, type: cursor.type, epoch: cursor.epoch });
        }),
      ),
    );
    return pages;
  }

  async #realign(cursors: Iterable<FeedCursor>): Promise<void> {
    const losses = this.#losses;
    await Promise.all(
      Array.from(cursors, async (cursor) =>
        this.#guarded(cursor, async () => {
          if ((await cursor.realign()) === 'lost') this.#options.onGap(cursor.type, 'epoch');
        }),
      ),
    );
    this.#alignedAt = losses;
  }

  async #catalogue(): Promise<string[]> {
    const { redis, keys } = this.#options;
    return (await redis.hkeys(keys.eventCatalogue)).filter((type) => eventTypeNamePattern.test(type));
  }

  #cursor(type: string): FeedCursor {
    const { redis, keys } = this.#options;
    return new FeedCursor(redis, keys.event(type), type);
  }

  async #guarded(cursor: FeedCursor, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.onError(error, cursor.type);
    }
  }
}

/** Whether Redis says that the key holds something else: no feed of ours. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}
