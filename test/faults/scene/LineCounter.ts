const WINDOW_MS = 1000;
const KEPT_LINES = 40;

/** Counts what a process writes: the most lines within any second, and the last ones to show when it fails. */
export class LineCounter {
  readonly #times: number[] = [];
  readonly #last: string[] = [];
  #rest = '';
  #most = 0;
  #all = 0;

  take(text: string, now = performance.now()): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#all += 1;
      this.#times.push(now);
      this.#last.push(line.slice(0, 400));
    }
    this.#last.splice(0, this.#last.length - KEPT_LINES);
    while (this.#times.length > 0 && this.#times[0]! <= now - WINDOW_MS) this.#times.shift();
    this.#most = Math.max(this.#most, this.#times.length);
  }

  get mostPerSecond(): number {
    return this.#most;
  }

  get all(): number {
    return this.#all;
  }

  get last(): readonly string[] {
    return this.#last;
  }
}
