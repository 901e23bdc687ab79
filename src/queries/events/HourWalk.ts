import { HOUR_MS } from '../../codec/hours.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { EventSource } from './EventSource.js';

/** What the index says of one UTC hour, all of one moment: every event of the hour is in one of its chunks, and in no two. */
export interface HourView {
  readonly hour: number;
  /** In the order of their latest time, in the direction of the walk. */
  readonly entries: readonly ChunkIndexEntry[];
  /** Whether these are all that reach into the range. If not, those that are missing are no later than the last one here. */
  readonly isWhole: boolean;
}

export interface WalkRange {
  /** ms, both included, may be infinite. */
  readonly lower: number;
  readonly upper: number;
  readonly order: 'asc' | 'desc';
}

/** Entries of the first page. An entry costs its reader 2 µs, and a second page a round trip: of what is stored as it comes, 100 events lie in two to six chunks. */
const FIRST_PAGE = 32;
const SMALL_PAGE = 12;
/** Rows for which a small first page is enough, almost always. */
const FEW_ROWS = 100;
const LARGEST_PAGE = 1024;
const GROWTH = 4;

/**
 * The hours of a range, one after the other. Events of two hours are in different chunks, so an hour that was read is
 * done with, whatever is merged later; within an hour everything comes from one page of the index, or from a reading of
 * the hour during which nothing in it was merged.
 */
export class HourWalk {
  readonly #source: EventSource;
  readonly #type: string;
  readonly #order: 'asc' | 'desc';
  #from: number;
  #to: number;
  #size: number;
  #views: HourView[] = [];
  #isAtEnd: boolean;

  /** @param rows that are looked for, if no more than those are */
  constructor(source: EventSource, type: string, { lower, upper, order }: WalkRange, rows = Infinity) {
    this.#source = source;
    this.#type = type;
    this.#order = order;
    this.#from = lower;
    this.#to = endOfHour(upper);
    this.#isAtEnd = lower > upper;
    this.#size = rows <= FEW_ROWS ? SMALL_PAGE : FIRST_PAGE;
  }

  /** The next hour that has chunks; the last of a full page comes in part. Undefined at the end of the range. */
  async next(): Promise<HourView | undefined> {
    if (this.#views.length === 0 && !this.#isAtEnd) await this.#readPage();
    return this.#views.shift();
  }

  /** The next hour, whole. */
  async nextWhole(): Promise<HourView | undefined> {
    const view = await this.next();
    return view === undefined || view.isWhole ? view : this.reread(view.hour);
  }

  /** More of an hour that came in part. Forget what came before: it is of another moment. */
  async more({ hour, entries }: HourView): Promise<HourView> {
    const size = Math.max(entries.length, FIRST_PAGE) * GROWTH;
    if (size > LARGEST_PAGE || this.#order === 'asc') return this.reread(hour);
    const range = { from: hour * HOUR_MS, to: (hour + 1) * HOUR_MS - 1, order: this.#order };
    const page = await this.#source.page(this.#type, range, size);
    return { hour, entries: page, isWhole: page.length < size };
  }

  /** The same hour anew and whole, since a chunk of it was gone. */
  async reread(hour: number): Promise<HourView> {
    const entries = await this.#source.hour(this.#type, hour);
    const sign = this.#order === 'asc' ? 1 : -1;
    return { hour, entries: entries.toSorted((one, other) => sign * (one.latest - other.latest)), isWhole: true };
  }

  async #readPage(): Promise<void> {
    const size = this.#size;
    const page = await this.#source.page(this.#type, { from: this.#from, to: this.#to, order: this.#order }, size);
    this.#size = Math.min(size * GROWTH, LARGEST_PAGE);
    const isFull = page.length === size;
    this.#isAtEnd = !isFull;
    for (let start = 0; start < page.length; ) {
      const { hour } = page[start]!;
      let end = start + 1;
      while (end < page.length && page[end]!.hour === hour) end += 1;
      this.#views.push({ hour, entries: page.slice(start, end), isWhole: !isFull || end < page.length });
      start = end;
      if (this.#order === 'asc') this.#from = (hour + 1) * HOUR_MS;
      else this.#to = hour * HOUR_MS - 1;
    }
    if (this.#from > this.#to) this.#isAtEnd = true;
  }
}

/** The last ms of the hour that `time` is in. */
export function endOfHour(time: number): number {
  return Number.isFinite(time) ? (Math.floor(time / HOUR_MS) + 1) * HOUR_MS - 1 : time;
}
