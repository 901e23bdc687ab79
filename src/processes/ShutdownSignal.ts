/** Signals that come together count as one: Ctrl-C reaches the whole group, and npm sends it on once more. */
const TOGETHER_MS = 1000;

/**
 * Turns SIGINT, SIGTERM, SIGHUP and pm2's message into one request to end. A second one, later, ends at once: somebody is
 * impatient.
 */
export class ShutdownSignal {
  readonly #controller = new AbortController();
  readonly #onImpatience: () => void;
  readonly #listener = (): void => {
    this.#wasAsked = true;
    this.request();
  };
  readonly #messageListener = (message: unknown): void => {
    if (message === 'shutdown') this.#listener();
  };
  #wasAsked = false;
  #requestedAt: number | undefined;

  /** @param onImpatience called when the end is asked for again, more than 1 s later */
  constructor(onImpatience: () => void) {
    this.#onImpatience = onImpatience;
  }

  /** Aborted when the end was asked for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it came from outside: a signal, or pm2. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  listen(): this {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, this.#listener);
    process.on('message', this.#messageListener);
    return this;
  }

  request(now = performance.now()): void {
    if (this.#requestedAt === undefined) {
      this.#requestedAt = now;
      this.#controller.abort();
    } else if (now - this.#requestedAt > TOGETHER_MS) this.#onImpatience();
  }

  /** Resolves when the end was asked for. */
  async requested(): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }));
  }

  /** Stops listening: the process is about to end. */
  dispose(): void {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, this.#listener);
    process.off('message', this.#messageListener);
  }
}
