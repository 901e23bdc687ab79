/** Different users that a trace keeps by name. */
const MOST_OWNERS = 1000;

/** Whose events are in an answer, for its record. */
export class OwnerTrace {
  readonly #owners = new Set<string>();
  #isFull = false;

  /** @param owner undefined for an event of nobody */
  see(owner: unknown): void {
    if (typeof owner !== 'string' || this.#isFull) return;
    if (this.#owners.size >= MOST_OWNERS && !this.#owners.has(owner)) this.#isFull = true;
    else this.#owners.add(owner);
  }

  /** Whether there were more than 1,000 of them: then these are the first. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get owners(): readonly string[] {
    return [...this.#owners];
  }
}
