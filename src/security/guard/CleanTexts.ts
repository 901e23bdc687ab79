/** Texts of this length and more are worth a look-up: 40 ns, against 200 to 1,200 for the detectors. */
const SHORTEST = 16;
const LONGEST = 512;
const GENERATION = 1024;

/**
 * The texts in which nothing was found lately. Pages, targets and user agents come again and again. It keeps two
 * generations of 1,024 texts and forgets the older one when the younger is full: at most 2 MB.
 */
export class CleanTexts {
  #young = new Set<string>();
  #old = new Set<string>();

  has(text: string): boolean {
    if (text.length < SHORTEST || text.length > LONGEST) return false;
    return this.#young.has(text) || this.#old.has(text);
  }

  add(text: string): void {
    if (text.length < SHORTEST || text.length > LONGEST) return;
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(text);
  }
}
