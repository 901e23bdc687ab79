import type { AuditKeys } from '../../security/AuditKeys.js';
import type { AuditContent } from '../AuditRecord.js';
import type { ChainHead } from '../chain/ChainHead.js';
import type { ChainSource } from '../chain/ChainSource.js';
import { blockHeader, countOf, openElement, skimElement } from '../chain/elements.js';
import { BrokenChainError } from '../chain/walkChain.js';
import type { AuditMatcher } from './AuditFilter.js';

/** A record that was found, and where it stands. */
export interface FoundRecord extends AuditContent {
  readonly chain: string;
  readonly seq: number;
}

export interface ChainSearch {
  readonly source: ChainSource;
  readonly secrets: AuditKeys;
  readonly chain: string;
  /** Where it ended when the search began: it may not end before. */
  readonly head: ChainHead;
  readonly matcher: AuditMatcher;
}

/**
 * The records of a chain that match, in order. A block of another time is not opened, and in one that is opened only rows that
 * may be wanted are taken apart: a million records take half a second. None is left out: what does not open, is missing, or was
 * removed and not for its age, ends it. Hashes are not checked, `verifyAudit` does that.
 * @throws BrokenChainError
 */
export async function* searchChain({ source, secrets, chain, head, matcher }: ChainSearch): AsyncGenerator<FoundRecord> {
  let next: number | undefined;
  for await (const { bytes, isAgain } of source.elements(chain)) {
    const { firstSeq, count, isFirstKept, found } = reading(chain, next ?? 1, () => search(secrets, chain, bytes, matcher));
    if (next === undefined && firstSeq !== 1 && !isFirstKept) throw new BrokenChainError(chain, 1, 'missing');
    // Also where it was trimmed while it was read.
    if (next === undefined || (isFirstKept && firstSeq > next)) next = firstSeq;
    if (isAgain ? firstSeq > next : firstSeq !== next) throw new BrokenChainError(chain, next, firstSeq > next ? 'missing' : 'out of place');
    for (const { place, content } of found) {
      if (firstSeq + place >= next) yield { ...content, chain, seq: firstSeq + place };
    }
    next = Math.max(next, firstSeq + count);
  }
  if ((next ?? 1) <= head.seq) throw new BrokenChainError(chain, next ?? 1, 'missing');
}

interface Searched {
  readonly firstSeq: number;
  readonly count: number;
  readonly isFirstKept: boolean;
  readonly found: readonly { readonly place: number; readonly content: AuditContent }[];
}

function search(secrets: AuditKeys, chain: string, bytes: Buffer, matcher: AuditMatcher): Searched {
  const header = blockHeader(secrets, chain, bytes);
  if (header !== undefined && !matcher.mayBe(header)) return { ...header, found: [] };
  const opened = openElement(secrets, chain, bytes);
  const found = matcher.mayHold(opened.plain) ? skimElement(opened, matcher.sketch).filter(({ content }) => matcher.matches(content)) : [];
  return { firstSeq: opened.firstSeq, count: countOf(opened), isFirstKept: header?.isFirstKept ?? false, found };
}

function reading<T>(chain: string, seq: number, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new BrokenChainError(chain, seq, 'unreadable', { cause });
  }
}
