import { MARK_BYTES, type Statement } from '../checkpoints/Statement.js';

interface Stretch {
  readonly from: number;
  readonly to: number;
  /** In hex. */
  readonly marks: string;
}

/** What was signed about the records of one chain. */
export class Anchors {
  /** The furthest record that was signed. */
  furthest = 0;
  /** Hashes by number, in hex. */
  readonly #hashes = new Map<number, string[]>();
  readonly #stretches: Stretch[] = [];
  /** Up to where records were removed for their age: number → hash. */
  readonly #trimmed = new Map<number, string>();

  add(statement: Exclude<Statement, { kind: 'heads' }>): void {
    const { to, hash } = statement;
    if (statement.kind === 'trimmed') {
      this.#trimmed.set(to, hash);
      this.addHash(to, hash);
      return;
    }
    this.addHash(to, hash);
    this.#stretches.push({ from: statement.from, to, marks: Buffer.from(statement.marks, 'base64').toString('hex') });
  }

  addHash(seq: number, hash: string): void {
    this.furthest = Math.max(this.furthest, seq);
    const known = this.#hashes.get(seq);
    if (known === undefined) this.#hashes.set(seq, [hash]);
    else if (!known.includes(hash)) known.push(hash);
  }

  /** The furthest record up to which removing was signed. */
  get trimmedTo(): number {
    return Math.max(0, ...this.#trimmed.keys());
  }

  /** Whether a chain may begin behind this record, which had this hash. */
  allowsStart(seq: number, hash: string): boolean {
    return seq <= this.trimmedTo && (this.#hashes.get(seq)?.every((signed) => signed === hash) ?? true);
  }

  /** @returns what tells whether a record is the one that was signed, as far as it was; asked in the order of the records */
  createCheck(): (seq: number, hash: string) => boolean {
    const ahead = this.#stretches.toSorted((one, other) => other.from - one.from);
    let open: Stretch[] = [];
    return (seq, hash) => {
      for (let next = ahead.at(-1); next !== undefined && next.from <= seq; next = ahead.at(-1)) open.push(ahead.pop()!);
      if (open.some(({ to }) => to < seq)) open = open.filter(({ to }) => to >= seq);
      for (const { from, marks } of open) {
        if (!marks.startsWith(hash.slice(0, 2 * MARK_BYTES), (seq - from) * 2 * MARK_BYTES)) return false;
      }
      return this.#hashes.get(seq)?.every((signed) => signed === hash) ?? true;
    };
  }
}
