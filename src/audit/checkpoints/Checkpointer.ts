import type { ChainHead } from '../chain/ChainHead.js';
import type { CheckpointFile } from './CheckpointFile.js';
import { MARK_BYTES, type Claim } from './Statement.js';

export interface CheckpointerOptions {
  readonly file: CheckpointFile;
  /** Where every chain ends now. */
  readonly readHeads: () => Promise<ReadonlyMap<string, ChainHead>>;
  readonly onError: (error: Error) => void;
}

/** Records of one chain, without a gap, that no checkpoint covers yet. */
interface Stretch {
  readonly chain: string;
  readonly from: number;
  to: number;
  hash: string;
  /** In hex. */
  readonly marks: string[];
}

const RECORDS_APART = 1000;
const MS_APART = 60_000;
const AGAIN_MS = 5000;
/** So long, and no longer, records are taken that no checkpoint covers, as when the disk is full. */
const OVERDUE_MS = 300_000;

/** Sees to it that what was appended is signed and on disk, every 1,000 records or 60 s. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #uncovered: Stretch[] = [];
  #records = 0;
  #overdueAt = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Where the chains of others ended when this one last said so. */
  readonly #attested = new Map<string, number>();

  constructor(options: CheckpointerOptions) {
    this.#options = options;
  }

  /** Whether checkpoints could not be written for so long that nothing more should be recorded. */
  get isOverdue(): boolean {
    return performance.now() > this.#overdueAt;
  }

  /** Takes note of records that are in a chain: the first one's number, the hash of each, in hex. */
  note(chain: string, from: number, hashes: readonly string[]): void {
    let stretch = this.#uncovered.at(-1);
    if (stretch === undefined || stretch.chain !== chain || stretch.to + 1 !== from || stretch.marks.length >= RECORDS_APART) {
      stretch = { chain, from, to: from, hash: hashes[0]!, marks: [] }; // an append has a record at least
      this.#uncovered.push(stretch);
    }
    stretch.to = from + hashes.length - 1;
    stretch.hash = hashes.at(-1)!;
    for (const hash of hashes) stretch.marks.push(hash.slice(0, 2 * MARK_BYTES));
    this.#records += hashes.length;
    if (this.#overdueAt === Infinity) this.#overdueAt = performance.now() + OVERDUE_MS;
    if (this.#records >= RECORDS_APART) void this.write();
    else this.#wake(MS_APART);
  }

  /** Writes what is uncovered, with company or without. Never rejects: what failed is tried again. */
  write(): Promise<void> {
    this.#records = 0;
    this.#writing = this.#writing.then(() => this.#append());
    return this.#writing;
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await this.write();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #append(): Promise<void> {
    const taken = this.#uncovered;
    if (taken.length === 0) return;
    this.#uncovered = [];
    const claims: Claim[] = taken.map(({ chain, from, to, hash, marks }) => ({
      kind: 'records',
      chain,
      from,
      to,
      hash,
      marks: Buffer.from(marks.join(''), 'hex').toString('base64'),
    }));
    try {
      const others = await this.#headsOfOthers(new Set(taken.map(({ chain }) => chain)));
      if (others.length > 0) claims.push({ kind: 'heads', heads: others.map(([chain, { seq, hash }]) => [chain, seq, hash]) });
      await this.#options.file.append(claims);
      for (const [chain, { seq }] of others) this.#attested.set(chain, seq);
      this.#overdueAt = this.#uncovered.length === 0 ? Infinity : performance.now() + OVERDUE_MS;
    } catch (error) {
      this.#options.onError(error instanceof Error ? error : new Error('A checkpoint was not written.'));
      this.#uncovered = [...taken, ...this.#uncovered];
      this.#wake(AGAIN_MS);
    }
  }

  /** Chains of others that changed since: whoever removes one, and its writer's checkpoints too, is found out by these. */
  async #headsOfOthers(own: ReadonlySet<string>): Promise<[string, ChainHead][]> {
    const heads = await this.#options.readHeads().catch(() => new Map<string, ChainHead>()); // they are said the next time
    return [...heads].filter(([chain, { seq }]) => !own.has(chain) && this.#attested.get(chain) !== seq);
  }

  #wake(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.write();
    }, ms).unref();
  }
}
