const LEAST_BYTES = 20;
/** A string costs 1 to 2 ms to unwrap, most of it for compressions that have no mark. */
const MOST = 12;

/**
 * Picks strings of different kinds: one that looks like those before is left out. Whoever wrote people down compressed did
 * so in each string of a kind, and one tells.
 */
export class Kinds {
  readonly #known = new Set<string>();

  pick(strings: readonly Buffer[]): Buffer[] {
    const picked: Buffer[] = [];
    for (const bytes of strings) {
      if (this.#known.size >= MOST) break;
      if (bytes.length < LEAST_BYTES) continue;
      const kind = kindOf(bytes);
      if (this.#known.has(kind)) continue;
      this.#known.add(kind);
      picked.push(bytes);
    }
    return picked;
  }
}

function kindOf(bytes: Buffer): string {
  const size = Math.floor(Math.log2(bytes.length));
  const start = bytes.toString('latin1', 0, 40);
  return /^[\x20-\x7e]*$/.test(start) ? `${size} ${start.replaceAll(/[0-9a-f]{6,}|\d+|[A-Za-z0-9+/=_-]{16,}/g, '#')}` : `${size}`;
}
