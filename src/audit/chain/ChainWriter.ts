import { AuditError } from '../../errors/AuditError.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { hashContent, type AuditContent } from '../AuditRecord.js';
import { decodeHead, encodeHead, NO_HEAD, type ChainHead } from './ChainHead.js';
import { chooseChain, readHeads, type ChainPlace } from './chooseChain.js';
import { sealAppend } from './elements.js';

export interface ChainWriterOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: AuditKeys;
  /** How long an append may take before its records are refused. */
  readonly deadlineMs: number;
  readonly now: () => number;
  /** Told what is in a chain: the first one's number, the hash of each, in hex. */
  readonly onAppended: (chain: string, from: number, hashes: readonly string[]) => void;
}

interface Waiting {
  readonly content: AuditContent;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Appended {
  readonly content: AuditContent;
  readonly hash: string;
}

/** Records of one append: 512 take about 3 ms to hash and seal. */
const MOST_AT_ONCE = 512;
const TRIES = 6;
/** Records that are appended again where Redis has lost them, as after a failover: those of the last second or two. */
const REMEMBERED = 2048;

/** An append whose answer is not known: it did happen, or it did not. */
interface Doubt {
  readonly head: ChainHead;
  readonly appended: readonly Appended[];
}

/** One call's time: what is over must not change anything when it goes on after all. */
interface Run {
  isOver: boolean;
}

/**
 * Appends to one chain at a time. One append is under way at once; what comes meanwhile goes with the next one. Redis takes
 * an append only if the chain ends where this writer thinks: of two that write to one chain, one moves to another.
 */
export class ChainWriter {
  readonly #options: ChainWriterOptions;
  readonly #script = script('appendAudit');
  #place: ChainPlace | undefined;
  #doubt: Doubt | undefined;
  /** The latest records of the chain, up to the place. */
  #latest: Appended[] = [];
  #waiting: Waiting[] = [];
  #isWorking = false;
  /** Whether records came together lately: then those of one turn of the event loop are waited for. */
  #isBusy = false;
  #working: Promise<void> = Promise.resolve();

  constructor(options: ChainWriterOptions) {
    this.#options = options;
  }

  /** @throws AuditError when the record is not known to be in a chain */
  append(content: AuditContent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ content, resolve, reject });
      if (!this.#isWorking) this.#working = this.#work();
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      // Of 16 callers the first would otherwise go alone and the others behind it, for ever: twice the round trips, and callers who
      // no longer share a write for what they read. A lone caller's goes at once, while what it read is taken apart.
      if (this.#isBusy) await turnOver();
      const group = this.#waiting.splice(0, MOST_AT_ONCE);
      this.#isBusy = group.length > 1;
      try {
        await this.#inTime((run) => this.#appendGroup(run, group.map(({ content }) => content)));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        const error = cause instanceof AuditError ? cause : new AuditError('Redis did not take it. Check that it runs and takes writes, and try again.', { cause });
        // Those that waited have waited as long.
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    // In the same turn as the last look at what waits: what comes in between would be left lying.
    this.#isWorking = false;
  }

  async #appendGroup(run: Run, contents: readonly AuditContent[]): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (this.#place === undefined || this.#doubt !== undefined) await this.#findPlace(run);
      const lost = await this.#tryAppend(run, contents);
      if (lost === undefined || run.isOver) return;
      // Those that Redis has lost are told of anew, before what is new.
      for (let start = 0; start < lost.length && !run.isOver; start += MOST_AT_ONCE) {
        if ((await this.#tryAppend(run, lost.slice(start, start + MOST_AT_ONCE))) !== undefined) break;
      }
      if (run.isOver) return;
    }
    throw new AuditError(`${TRIES} chains were taken by others. Try again.`);
  }

  /** Sees where the chain ends, and takes another where that is not where this writer left it. */
  async #findPlace(run: Run): Promise<void> {
    const { redis, keys, now } = this.#options;
    const heads = await readHeads(redis, keys.audit.heads);
    if (run.isOver) return;
    const doubt = this.#doubt;
    this.#doubt = undefined;
    if (this.#place !== undefined && doubt !== undefined) {
      const found = heads.get(this.#place.chain) ?? NO_HEAD;
      if (found.hash === doubt.head.hash) this.#accept(this.#place.chain, doubt);
      else if (found.hash !== this.#place.head.hash) this.#place = undefined;
    }
    if (this.#place === undefined) {
      this.#place = chooseChain(heads, now());
      this.#latest = [];
    }
  }

  /** @returns undefined when the records are in the chain; else what Redis has lost of the chain, to be appended again first */
  async #tryAppend(run: Run, contents: readonly AuditContent[]): Promise<readonly AuditContent[] | undefined> {
    if (this.#place === undefined) return [];
    const { redis, keys, secrets, now } = this.#options;
    const { chain, head } = this.#place;
    const appended = hashAll(chain, head, contents);
    const doubt = { head: { seq: head.seq + contents.length, at: now(), hash: appended.at(-1)!.hash }, appended }; // of one record at least
    const element = sealAppend(secrets, chain, { firstSeq: head.seq + 1, link: head.hash, contents });
    this.#doubt = doubt;
    const refusal = await this.#script.runLone(redis, {
      keys: [keys.audit.heads, keys.audit.tail(chain)],
      args: [chain, head.seq === 0 ? '' : encodeHead(head), encodeHead(doubt.head), element],
    });
    if (run.isOver) return undefined;
    this.#doubt = undefined;
    if (refusal === null) {
      this.#accept(chain, doubt);
      return undefined;
    }
    return this.#goBackTo(decodeHead(refusal as Buffer) ?? NO_HEAD); // the script answers so
  }

  #accept(chain: string, { head, appended }: Doubt): void {
    const firstSeq = head.seq - appended.length + 1;
    this.#place = { chain, head };
    this.#latest.push(...appended);
    if (this.#latest.length > 2 * REMEMBERED) this.#latest = this.#latest.slice(-REMEMBERED);
    this.#options.onAppended(chain, firstSeq, appended.map(({ hash }) => hash));
  }

  /**
   * The chain ends elsewhere. If it ends where it once ended, Redis has lost the rest, as in a failover: the same records
   * appended again have the same hashes. Otherwise somebody else writes there, and another chain is taken.
   */
  #goBackTo(head: ChainHead): readonly AuditContent[] {
    const place = this.#place!; // an append was tried
    const kept = this.#latest.length - (place.head.seq - head.seq);
    const isOurs = head.seq < place.head.seq && kept >= 0 && (kept === 0 ? head.seq === 0 : this.#latest[kept - 1]!.hash === head.hash);
    const lost = isOurs ? this.#latest.slice(kept) : [];
    this.#place = isOurs ? { chain: place.chain, head } : undefined;
    this.#latest = isOurs ? this.#latest.slice(0, kept) : [];
    return lost.map(({ content }) => content);
  }

  async #inTime(work: (run: Run) => Promise<void>): Promise<void> {
    const { deadlineMs } = this.#options;
    const run: Run = { isOver: false };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      // Where this process itself stood still for so long, the answer lies in its socket: that is read before the next immediate.
      timer = setTimeout(() => setImmediate(() => reject(new AuditError(`Redis did not answer within ${deadlineMs} ms. Try again later.`))), deadlineMs);
    });
    try {
      await Promise.race([work(run), late]);
    } finally {
      run.isOver = true;
      clearTimeout(timer);
    }
  }
}

const turnOver = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** The hashes of records that are to come after `head`. */
function hashAll(chain: string, head: ChainHead, contents: readonly AuditContent[]): Appended[] {
  let { seq, hash: previous } = head;
  return contents.map((content) => {
    seq += 1;
    previous = hashContent(content, { chain, seq, previous });
    return { content, hash: previous };
  });
}
