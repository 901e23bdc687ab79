import { AnalyticsError } from '../../errors/AnalyticsError.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { FIRST_PREVIOUS, hashRecord, type AuditRecord } from '../AuditRecord.js';
import type { ChainSource } from './ChainSource.js';
import { openElement, readElement, type Element } from './elements.js';

/** A record and its hash. */
export interface WalkedRecord {
  readonly record: AuditRecord;
  /** In hex. */
  readonly hash: string;
}

/** Why a chain cannot be followed any further. */
export type WalkFault = 'unreadable' | 'missing' | 'out of place' | 'unlinked';

/** The chain is broken at a record: it is not there, or not what was appended. */
export class BrokenChainError extends AnalyticsError {
  readonly chain: string;
  /** Number of the first record that is bad. */
  readonly seq: number;
  readonly fault: WalkFault;

  constructor(chain: string, seq: number, fault: WalkFault, options?: ErrorOptions) {
    super('STORE_INCONSISTENT', `The audit chain ${chain} is broken at record ${seq} (${fault}). "npm run audit -- verify" says more.`, options);
    this.chain = chain;
    this.seq = seq;
    this.fault = fault;
  }
}

/**
 * The records of a chain in order, each with its hash. What stands before the first, if it is not record 1, was removed for
 * its age: that has to be checked by whoever asks.
 * @throws BrokenChainError
 */
export async function* walkChain(source: ChainSource, keys: AuditKeys, chain: string): AsyncGenerator<WalkedRecord> {
  let next = 1;
  let previous = FIRST_PREVIOUS;
  let isFirst = true;
  for await (const { bytes, isAgain } of source.elements(chain)) {
    const { firstSeq, link, contents } = take(keys, chain, bytes, next);
    if (isFirst && link.length === previous.length) [next, previous] = [firstSeq, link];
    isFirst = false;
    const known = isAgain ? next - firstSeq : 0;
    if (firstSeq + known !== next) throw new BrokenChainError(chain, next, firstSeq > next ? 'missing' : 'out of place');
    if (known === 0 && !previous.startsWith(link)) throw new BrokenChainError(chain, next, 'unlinked');
    for (const content of contents.slice(known)) {
      const record = { ...content, chain, seq: next, previous };
      previous = hashRecord(record);
      yield { record, hash: previous };
      next += 1;
    }
  }
}

function take(keys: AuditKeys, chain: string, bytes: Buffer, next: number): Element {
  try {
    return readElement(openElement(keys, chain, bytes));
  } catch (cause) {
    throw new BrokenChainError(chain, next, 'unreadable', { cause });
  }
}
