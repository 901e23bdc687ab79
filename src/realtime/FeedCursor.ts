import type { Place } from '../contract/socketProtocol.js';
import type { EventKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { offsetOfId, parseFeedEntry, type FeedEntry } from './feedEntry.js';

/** Entries of one page. */
const PAGE = 256;
/** Entries remembered, to find the place again when the feed went back: about a second of a busy type. */
const REMEMBERED = 1024;
const NO_EPOCH = '0';
const EPOCH = /^[0-9a-f]{1,32}$/;

export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** Whether the feed goes on after this page. */
  readonly more: boolean;
  /** Events were removed from the feed before they were read here. */
  readonly gap: boolean;
  /** The offset of the last event that was in the feed, in it still or removed. */
  readonly end: number;
}

/** How far one event type's feed was read. */
export class FeedCursor {
  readonly #redis: RedisClient;
  readonly #keys: EventKeys;
  readonly type: string;
  #offset = 0;
  #epoch = NO_EPOCH;
  /** The offset of an event that was stored before the next read; 0 where none is known. */
  #tip = 0;
  readonly #remembered: { readonly offset: number; readonly chunk: string }[] = [];

  constructor(redis: RedisClient, keys: EventKeys, type: string) {
    this.#redis = redis;
    this.#keys = keys;
    this.type = type;
  }

  get place(): Place {
    return { epoch: this.#epoch, offset: this.#offset };
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Begins behind what is stored now. */
  async toTop(): Promise<void> {
    const [[last], counters] = await Promise.all([
      this.#redis.xrevrangeBuffer(this.#keys.feed, '+', '-', 'COUNT', 1),
      this.#counters(),
    ]);
    this.#epoch = counters.epoch;
    // An entry may be above the counter when a write failed half way; offsets go on after it. The counter is above all
    // entries when the last ones were removed, since they named somebody who was erased.
    this.#offset = Math.max(counters.offset, last === undefined ? 0 : offsetOfId(last[0]));
    const entry = last === undefined ? undefined : parseFeedEntry(this.type, last);
    if (entry !== undefined) this.#remember(entry);
  }

  /** Begins with the first event of the type: for one that had none when reading began. */
  async toBottom(): Promise<void> {
    this.#offset = 0;
    this.#epoch = (await this.#counters()).epoch;
  }

  /** The next page. The cursor stands still until `advance`. */
  async read(): Promise<FeedPage> {
    const tip = this.#tip;
    const raw = await this.#redis.xrangeBuffer(this.#keys.feed, `(${this.#offset}`, '+', 'COUNT', PAGE);
    const entries: FeedEntry[] = [];
    for (const one of raw) {
      const entry = parseFeedEntry(this.type, one);
      if (entry !== undefined) entries.push(entry);
    }
    const more = raw.length === PAGE;
    const last = entries.at(-1)?.offset ?? this.#offset;
    // The last entries may be gone: nothing further on would show it before another event of the type is stored.
    const end = more ? last : Math.max(last, tip);
    return { entries, more, gap: end > last || this.#hasGap(entries), end };
  }

  /** Entries follow each other without a gap, unless some were trimmed, or named somebody who was erased. */
  #hasGap(entries: readonly FeedEntry[]): boolean {
    let before = this.#offset;
    for (const { offset, count } of entries) {
      if (offset - count > before) return true;
      before = offset;
    }
    return false;
  }

  advance(page: FeedPage): void {
    for (const entry of page.entries) this.#remember(entry);
    this.#offset = page.end;
  }

  /** Whether the feed seems to have been lost or to have gone back. Costs one small read. */
  async isDoubtful(): Promise<boolean> {
    const { epoch, offset } = await this.#counters();
    this.#tip = epoch === this.#epoch ? offset : 0;
    return epoch !== this.#epoch || offset < this.#offset;
  }

  /**
   * Finds its place in a feed that may have been lost or have gone back, as after a restart of Redis: behind the last
   * entry read that is still there.
   *
   * @returns `lost` when that cannot be told, so that events may have been passed over
   */
  async realign(): Promise<'kept' | 'moved' | 'lost'> {
    const [raw, counters] = await Promise.all([
      this.#redis.xrevrangeBuffer(this.#keys.feed, this.#offset, '-', 'COUNT', REMEMBERED),
      this.#counters(),
    ]);
    const before = this.#offset;
    this.#tip = 0;
    const isSameEpoch = counters.epoch === this.#epoch;
    this.#epoch = counters.epoch;
    if (before === 0) return 'kept';
    // Nothing is left of what was read, and offsets went on: it was trimmed, or the feed alone was removed.
    if (raw.length === 0 && counters.offset >= before) return 'kept';

    const present = new Map<number, string>();
    for (const one of raw) {
      const entry = parseFeedEntry(this.type, one);
      if (entry !== undefined) present.set(entry.offset, nameOf(entry));
    }
    while (this.#remembered.length > 0) {
      const last = this.#remembered.at(-1)!;
      if (present.get(last.offset) === last.chunk) {
        this.#offset = last.offset;
        return last.offset === before ? 'kept' : 'moved';
      }
      this.#remembered.pop();
    }
    if (!isSameEpoch || counters.epoch === NO_EPOCH) {
      // Another life of the feed: nothing of it was read yet.
      this.#offset = 0;
      return 'moved';
    }
    this.#offset = Math.max(counters.offset, ...present.keys());
    return 'lost';
  }

  async #counters(): Promise<Place> {
    const [offset, epoch] = await this.#redis.hmget(this.#keys.counts, 'offset', 'epoch');
    // It goes into messages as it is.
    return { offset: Number(offset ?? 0), epoch: epoch != null && EPOCH.test(epoch) ? epoch : NO_EPOCH };
  }

  #remember(entry: FeedEntry): void {
    this.#remembered.push({ offset: entry.offset, chunk: nameOf(entry) });
    if (this.#remembered.length > 2 * REMEMBERED) this.#remembered.splice(0, this.#remembered.length - REMEMBERED);
  }
}

/** A copy: a slice of the reply would keep the whole of it in memory. */
function nameOf(entry: FeedEntry): string {
  return entry.chunkId.toString('latin1');
}
