import { hash as hashOf } from 'node:crypto';

import { AuditError } from '../../errors/AuditError.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { canonicalText, type AuditContent } from '../AuditRecord.js';
import { encodeHead, type ChainHead } from './ChainHead.js';
import { chooseChain, readHeads, type ChainPlace } from './chooseChain.js';
import { LINK_BYTES, sealElement } from './elements.js';

export interface ChainWriterOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: AuditKeys;
  /** How long an append may take before its records are refused. */
  readonly deadlineMs: number;
  readonly now: () => number;
}

interface Waiting {
  readonly content: AuditContent;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Records of one append: 512 take about 3 ms to hash and seal. */
const MOST_AT_ONCE = 512;
const TRIES = 5;

/**
 * Appends to one chain at a time. One append is under way at once; what comes meanwhile goes with the next one. Redis takes
 * an append only if the chain ends where this writer thinks: of two that write to one chain, one moves to another.
 */
export class ChainWriter {
  readonly #options: ChainWriterOptions;
  #place: ChainPlace | undefined;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;

  constructor(options: ChainWriterOptions) {
    this.#options = options;
  }

  /** @throws AuditError when the record is not known to be in a chain */
  append(content: AuditContent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ content, resolve, reject });
      this.#working ??= this.#work().finally(() => (this.#working = undefined));
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, MOST_AT_ONCE);
      this.#waiting = this.#waiting.slice(MOST_AT_ONCE);
      try {
        await this.#inTime(this.#appendGroup(group.map(({ content }) => content)));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        // Whether it is there is found out before the next append. Those that waited have waited as long.
        this.#place = undefined;
        const error = cause instanceof AuditError ? cause : new AuditError('Redis did not take it. Check that it runs and takes writes, and try again.', { cause });
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
      }
    }
  }

  async #appendGroup(contents: readonly AuditContent[]): Promise<void> {
    const { redis, keys, secrets, now } = this.#options;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { chain, head } = (this.#place ??= chooseChain(await readHeads(redis, keys), now()));
      const next = headAfter(chain, head, contents, now());
      const element = sealElement(secrets, chain, { firstSeq: head.seq + 1, link: head.hash.subarray(0, LINK_BYTES), contents });
      const refusal = await script('appendAudit').run(redis, {
        keys: [keys.audit.heads, keys.audit.tail(chain)],
        args: [chain, head.seq === 0 ? '' : encodeHead(head), encodeHead(next), element],
      });
      if (refusal === null) {
        this.#place = { chain, head: next };
        return;
      }
      // Somebody else writes there.
      this.#place = undefined;
    }
    throw new AuditError(`${TRIES} chains were taken by others. Try again.`);
  }

  async #inTime(work: Promise<void>): Promise<void> {
    const { deadlineMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AuditError(`Redis did not answer within ${deadlineMs} ms. Try again later.`)), deadlineMs);
    });
    try {
      await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function headAfter(chain: string, head: ChainHead, contents: readonly AuditContent[], at: number): ChainHead {
  let { seq, hash } = head;
  for (const content of contents) {
    seq += 1;
    hash = hashOf('sha256', canonicalText({ ...content, chain, seq, previous: hash.toString('hex') }), 'buffer');
  }
  return { seq, at, hash };
}
