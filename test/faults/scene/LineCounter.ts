import { plantedFinder } from './plantedFinder.js';

const WINDOW_MS = 1000;
const KEPT_LINES = 40;

/** Counts what a process writes: the most lines within any second, and the last ones to show when it fails. Searches it for what the load tracks. */
export class LineCounter {
  readonly #recent: { at: number; line: string }[] = [];
  readonly #last: string[] = [];
  #rest = '';
  #worst: readonly string[] = [];
  #all = 0;
  readonly #leaked = new Set<string>();

  take(text: string, now = performance.now()): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const { form, text: found } of plantedFinder.find(Buffer.from(lines.join('\n')))) this.#leaked.add(`${found} (${form})`);
    for (const line of lines) {
      this.#all += 1;
      this.#recent.push({ at: now, line: line.slice(0, 400) });
      this.#last.push(line.slice(0, 400));
    }
    this.#last.splice(0, this.#last.length - KEPT_LINES);
    while (this.#recent.length > 0 && this.#recent[0]!.at <= now - WINDOW_MS) this.#recent.shift(); // not empty
    if (this.#recent.length > this.#worst.length) this.#worst = this.#recent.map(({ line }) => line);
  }

  /** A new life begins: what the last one wrote does not count with it. */
  restart(): void {
    this.#recent.length = 0;
  }

  get mostPerSecond(): number {
    return this.#worst.length;
  }

  /** What it wrote in that second. */
  get worst(): readonly string[] {
    return this.#worst;
  }

  /** What it wrote of what the load tracks. */
  get leaked(): ReadonlySet<string> {
    return this.#leaked;
  }

  get all(): number {
    return this.#all;
  }

  get last(): readonly string[] {
    return this.#last;
  }
}
