export const LINES_PER_SECOND = 10;

/** Kept back while lines wait that are the first of their kind; and always, for what was left out. */
const FOR_FIRSTS = 2;
const FOR_REPORT = 1;
/** After so long without one of its kind a line counts as the first again. */
const FORGET_MS = 60_000;
/** Kinds are sentences of the code, so there are not many. */
const MOST_PENDING = 50;

/**
 * At most so many log lines within any second, the report included. A Redis that is full made one worker raise 34,000
 * errors in 3 s; a log that follows would fill the disk, and nothing else would be found in it. The first line of each
 * kind is always written, later if need be; what was left out is counted by kind and said once a second.
 */
export class LineBudget {
  readonly #perSecond: number;
  readonly #report: (leftOut: ReadonlyMap<string, number>) => void;
  /** When the lines of the last second were written. */
  readonly #written: number[] = [];
  readonly #lastOf = new Map<string, number>();
  readonly #pending = new Map<string, () => void>();
  #leftOut = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param report told once a second how many lines of each kind were left out, if any were; it may write one line */
  constructor(report: (leftOut: ReadonlyMap<string, number>) => void, perSecond = LINES_PER_SECOND) {
    this.#report = report;
    this.#perSecond = perSecond;
  }

  /**
   * Has a line written now, later, or never.
   * @param kind lines of one kind say the same
   */
  offer(kind: string, write: () => void, now = performance.now()): void {
    const isFirst = now - (this.#lastOf.get(kind) ?? -Infinity) > FORGET_MS;
    if (!this.#pending.has(kind) && this.#room(now) > this.#kept(isFirst)) {
      this.#write(kind, write, now);
      return;
    }
    if (isFirst && !this.#pending.has(kind) && this.#pending.size < MOST_PENDING) this.#pending.set(kind, write);
    else this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.settle(), 1000).unref();
  }

  /** Says what was left out, and writes what waits, as far as there is room. */
  settle(now = performance.now()): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#leftOut.size > 0 && this.#room(now) > 0) {
      const leftOut = this.#leftOut;
      this.#leftOut = new Map();
      this.#written.push(now);
      this.#report(leftOut);
    }
    for (const [kind, write] of [...this.#pending]) {
      if (this.#room(now) <= FOR_REPORT) break;
      this.#pending.delete(kind);
      this.#write(kind, write, now);
    }
    if (this.#leftOut.size > 0 || this.#pending.size > 0) this.#timer = setTimeout(() => this.settle(), 1000).unref();
  }

  /** Waits for nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #write(kind: string, write: () => void, now: number): void {
    this.#lastOf.set(kind, now);
    this.#written.push(now);
    write();
  }

  #room(now: number): number {
    while (this.#written.length > 0 && now - this.#written[0]! >= 1000) this.#written.shift();
    return this.#perSecond - this.#written.length;
  }

  #kept(isFirst: boolean): number {
    return FOR_REPORT + (isFirst || this.#pending.size === 0 ? 0 : FOR_FIRSTS);
  }
}
