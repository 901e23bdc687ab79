import type { IndexLine } from './IndexLine.js';

/** The lines of an index, series by series: walked once, in the order in which they stand. */
export class SeriesLines {
  readonly #lines: AsyncGenerator<IndexLine>;
  #next: IndexLine | undefined;
  #isOpen = true;

  constructor(lines: AsyncGenerator<IndexLine>) {
    this.#lines = lines;
  }

  /** The lines of the series whose keys begin so, by key. Series that come before it are passed over. */
  async take(start: string): Promise<Map<string, IndexLine>> {
    const found = new Map<string, IndexLine>();
    for (let line = await this.#peek(); line !== undefined; line = await this.#peek()) {
      if (line.key.startsWith(start)) found.set(line.key, line);
      else if (line.key > start) break;
      this.#next = undefined;
    }
    return found;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#lines.return(undefined);
  }

  async #peek(): Promise<IndexLine | undefined> {
    if (this.#next === undefined && this.#isOpen) {
      const { value, done } = await this.#lines.next();
      if (done === true) this.#isOpen = false;
      else this.#next = value;
    }
    return this.#next;
  }
}
