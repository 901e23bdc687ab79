import { eventTypeNamePattern } from '../contract/eventTypes.js';
import type { Position, ResyncReason } from '../contract/socketProtocol.js';
import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import type { Keys } from '../redis/keys.js';
import { offLoss, onLoss, type RedisClient } from '../redis/RedisClient.js';
import { FeedCursor, type FeedPage } from './FeedCursor.js';
import { inOneWrite } from '../redis/inOneWrite.js';
import { isWrongType } from './isWrongType.js';

/** A page of one type's feed, with the life of the feed that it belongs to. */
export interface TypePage extends FeedPage {
  readonly type: string;
  readonly epoch: string;
}

export interface FeedReaderOptions {
  /** A patient connection. The caller opened it and closes it. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Told when events of a type may have been passed over. */
  readonly onGap: (type: string, reason: ResyncReason) => void;
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
    offLoss(this.#options.redis, this.#onLoss);
    onLoss(this.#options.redis, this.#onLoss);
    this.#alignedAt = this.#losses;
    const cursors = [CANARY_TYPE, ...(await this.#catalogue())].map((type) => this.#cursor(type));
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
    offLoss(this.#options.redis, this.#onLoss);
  }

  types(): Iterable<string> {
    return this.#cursors.keys();
  }

  /** Every event stored after it has not been read yet. */
  position(): Position {
    const shown = [...this.#cursors.values()].filter(({ type }) => type !== CANARY_TYPE);
    return Object.fromEntries(shown.map((cursor) => [cursor.type, cursor.place]));
  }

  /**
   * Looks for new types, and for feeds that were lost or went back. Costs a read and one for each type.
   */
  async refresh(): Promise<void> {
    const doubtful: FeedCursor[] = [];
    const look = async (cursor: FeedCursor): Promise<void> => {
      if (await cursor.isDoubtful()) doubtful.push(cursor);
    };
    await Promise.all(Array.from(this.#cursors.values(), async (cursor) => this.#guarded(cursor, async () => look(cursor))));
    if (doubtful.length > 0) await this.#realign(doubtful);
    await this.addTypes(await this.#catalogue());
  }

  /** A type that was not there when reading began is read from its first event on. */
  async addTypes(types: Iterable<string>): Promise<void> {
    for (const type of types) {
      if (this.#cursors.has(type) || !eventTypeNamePattern.test(type)) continue;
      const cursor = this.#cursor(type);
      await this.#guarded(cursor, async () => {
        await cursor.toBottom();
        this.#cursors.set(type, cursor);
      });
    }
  }

  /** The next page of each of these types that has one. The position is behind them in the turn in which this resolves. */
  async read(types: Iterable<string>): Promise<TypePage[]> {
    if (this.#alignedAt !== this.#losses) await this.#realignAll();
    const losses = this.#losses;
    const read: { readonly cursor: FeedCursor; readonly page: FeedPage }[] = [];
    await Promise.all(
      inOneWrite(this.#options.redis, () =>
        Array.from(types, async (type) => {
          const cursor = this.#cursors.get(type);
          if (cursor !== undefined) await this.#guarded(cursor, async () => void read.push({ cursor, page: await cursor.read() }));
        }),
      ),
    );
    // Some answers may come from another Redis than the one that was asked, or from one that went back.
    if (losses !== this.#losses) return [];
    return read.flatMap(({ cursor, page }): TypePage[] => {
      if (page.gap) this.#options.onGap(cursor.type, 'trimmed');
      cursor.advance(page);
      return page.entries.length === 0 && !page.more ? [] : [{ ...page, type: cursor.type, epoch: cursor.epoch }];
    });
  }

  async #realignAll(): Promise<void> {
    const losses = this.#losses;
    if (await this.#realign([...this.#cursors.values()])) this.#alignedAt = losses;
  }

  /** @returns whether all were done */
  async #realign(cursors: readonly FeedCursor[]): Promise<boolean> {
    let done = 0;
    await Promise.all(
      cursors.map(async (cursor) => {
        try {
          if ((await cursor.realign()) === 'lost') this.#options.onGap(cursor.type, 'epoch');
          done += 1;
        } catch (error) {
          this.#options.onError(error, cursor.type);
          if (isWrongType(error)) done += 1;
        }
      }),
    );
    return done === cursors.length;
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
