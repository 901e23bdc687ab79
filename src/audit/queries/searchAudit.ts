import type { AuditKeys } from '../../security/AuditKeys.js';
import type { ChainHead } from '../chain/ChainHead.js';
import type { ChainSource } from '../chain/ChainSource.js';
import { createMatcher, type AuditFilter } from './AuditFilter.js';
import { searchChain, type FoundRecord } from './searchChain.js';

export interface AuditPage {
  /** Earliest first. */
  readonly records: readonly FoundRecord[];
  /** Where the next page begins; absent on the last. */
  readonly cursor?: string;
}

export interface AuditSearch {
  readonly source: ChainSource;
  readonly secrets: AuditKeys;
  readonly filter: AuditFilter;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Where a record stands among all: by time, then chain and number. */
type Position = Pick<FoundRecord, 'at' | 'chain' | 'seq'>;

/** A page of the records that match, over all chains, earliest first. @throws BrokenChainError when a chain cannot be read to its end */
export async function searchAudit({ source, secrets, filter, limit, cursor }: AuditSearch): Promise<AuditPage> {
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  // Once there are enough for the page, what is later is looked at no more, and blocks of later records are not even opened.
  let latest = Infinity;
  const matcher = createMatcher({ ...filter, from: Math.max(filter.from ?? -Infinity, after?.at ?? -Infinity) }, secrets, (at) => at <= latest);
  let found: FoundRecord[] = [];
  const keep = (): void => {
    found = found.sort(compare).slice(0, limit + 1);
    latest = found[limit]?.at ?? Infinity;
  };
  for (const [chain, head] of await chainsOf(source)) {
    for await (const record of searchChain({ source, secrets, chain, head, matcher })) {
      if (after !== undefined && compare(record, after) <= 0) continue;
      found.push(record);
      if (found.length > 2 * limit + 1000) keep();
    }
  }
  keep();
  const records = found.slice(0, limit);
  return found.length > limit ? { records, cursor: cursorOf(records.at(-1)!) } : { records };
}

/**
 * All records that match and were there when it began, chain by chain, in one pass: what pages give in the order of time would
 * take a pass for each.
 * @throws as `searchAudit`
 */
export async function* streamAudit({ source, secrets, filter }: Pick<AuditSearch, 'source' | 'secrets' | 'filter'>): AsyncGenerator<FoundRecord> {
  const matcher = createMatcher(filter, secrets);
  for (const [chain, head] of await chainsOf(source)) {
    for await (const record of searchChain({ source, secrets, chain, head, matcher })) {
      // What its own reading added is behind it.
      if (record.seq > head.seq) break;
      yield record;
    }
  }
}

async function chainsOf(source: ChainSource): Promise<(readonly [string, ChainHead])[]> {
  return [...(await source.heads())].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

function compare(one: Position, other: Position): number {
  return one.at - other.at || (one.chain < other.chain ? -1 : one.chain > other.chain ? 1 : one.seq - other.seq);
}

function cursorOf({ at, chain, seq }: Position): string {
  return `${at}~${seq}~${chain}`;
}

/** `parseAuditQuery` has seen to its form. */
function parseCursor(cursor: string): Position {
  const [at, seq, ...chain] = cursor.split('~');
  return { at: Number(at), seq: Number(seq), chain: chain.join('~') };
}
