/** Requests under way at one door: bounded, and waited for when it closes. */
export class Requests {
  readonly #most: number;
  readonly #mostStreams: number;
  readonly #ending = new AbortController();
  #underWay = 0;
  #streams = 0;
  #isClosing = false;
  #onIdle: (() => void) | undefined;
  /** Counted since the start. */
  readonly figures = { requests: 0, refused: 0, faults: 0, unauthenticated: 0 };

  /**
   * @param most at a time, of all
   * @param mostStreams at a time; each holds a page of events for as long as its client reads
   */
  constructor(most: number, mostStreams: number) {
    this.#most = most;
    this.#mostStreams = mostStreams;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Aborted when streams have to end. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** @returns to be called when it is answered; undefined where there are too many */
  begin(isStream: boolean): (() => void) | undefined {
    if (this.#underWay >= this.#most || (isStream && this.#streams >= this.#mostStreams)) return undefined;
    this.#underWay += 1;
    if (isStream) this.#streams += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#underWay -= 1;
      if (isStream) this.#streams -= 1;
      if (this.#underWay === 0) this.#onIdle?.();
    };
  }

  /** From now on nothing new is taken. */
  refuseNew(): void {
    this.#isClosing = true;
  }

  /** Resolves when nothing is under way, or after `ms`, when streams are cut off. */
  async finish(ms: number): Promise<void> {
    this.refuseNew();
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ending.abort();
  }
}
