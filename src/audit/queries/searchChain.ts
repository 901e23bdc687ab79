import type { AuditKeys } from '../../security/AuditKeys.js';
import type { AuditContent } from '../AuditRecord.js';
import type { ChainSource } from '../chain/ChainSource.js';
import { countOf, openElement, readElement, timesOf, type OpenedElement } from '../chain/elements.js';
import { BrokenChainError } from '../chain/walkChain.js';
import type { AuditMatcher } from './AuditFilter.js';

/** A record that was found, and where it stands. */
export interface FoundRecord extends AuditContent {
  readonly chain: string;
  readonly seq: number;
}

/**
 * The records of a chain that match, in order. Of an element that cannot hold one it opens the seal and looks at the bytes:
 * a million records in blocks take about a second. Hashes are not checked, `verifyAudit` does that; what does not open or is missing ends it.
 * @throws BrokenChainError
 */
export async function* searchChain(source: ChainSource, secrets: AuditKeys, chain: string, matcher: AuditMatcher): AsyncGenerator<FoundRecord> {
  let next: number | undefined;
  for await (const { bytes, isAgain } of source.elements(chain)) {
    const times = timesOf(bytes);
    if (!matcher.mayBe(times)) {
      // Not opened, so how many it has is not known.
      next = undefined;
      continue;
    }
    const opened = open(secrets, chain, bytes, next ?? 1);
    const { firstSeq } = opened;
    if (next !== undefined && (isAgain ? firstSeq > next : firstSeq !== next)) throw new BrokenChainError(chain, next, firstSeq > next ? 'missing' : 'out of place');
    const known = isAgain && next !== undefined ? next - firstSeq : 0;
    if (matcher.mayHold(opened.plain)) {
      for (const [place, content] of contentsOf(chain, opened).entries()) {
        if (place >= known && matcher.matches(content)) yield { ...content, chain, seq: firstSeq + place };
      }
    }
    next = Math.max(next ?? 0, firstSeq + countOf(opened));
  }
}

function open(secrets: AuditKeys, chain: string, bytes: Buffer, seq: number): OpenedElement {
  try {
    return openElement(secrets, chain, bytes);
  } catch (cause) {
    throw new BrokenChainError(chain, seq, 'unreadable', { cause });
  }
}

function contentsOf(chain: string, opened: OpenedElement): readonly AuditContent[] {
  try {
    return readElement(opened).contents;
  } catch (cause) {
    throw new BrokenChainError(chain, opened.firstSeq, 'unreadable', { cause });
  }
}
