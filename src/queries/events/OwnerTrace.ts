/** Whose events a query came upon, for its record. */
export class OwnerTrace {
  readonly #owners = new Set<string>();
  #withheld = false;
  readonly #onKnown: ((count: number, owners: readonly string[]) => void) | undefined;

  /** @param onKnown told as soon as a page of events is found: how many, and whose they are */
  constructor(onKnown?: (count: number, owners: readonly string[]) => void) {
    this.#onKnown = onKnown;
  }

  /** Somebody whose events are in the answer, or whom the question names. @param owner undefined for an event of nobody */
  see(owner: unknown): void {
    if (typeof owner === 'string') this.#owners.add(owner);
  }

  /** Somebody whose event was asked for by its id, and not given. */
  withhold(owner: string | undefined): void {
    this.#withheld = true;
    this.see(owner);
  }

  /** A page will be given out, and all of its owners were seen: what is left is to take its events apart. */
  know(count: number): void {
    this.#onKnown?.(count, this.owners);
  }

  get hasWithheld(): boolean {
    return this.#withheld;
  }

  /** Each once. An answer holds 10,000 events at most, so there are no more of them. */
  get owners(): readonly string[] {
    return [...this.#owners];
  }
}
