import { createHash } from 'node:crypto';

import type { ParsedFilter } from './filter/parseFilter.js';

/** What of the events a query may show: what whoever asks was granted. A query without a view shows everything. */
export interface EventView {
  /** Only events of these users. `all`: those of nobody too. */
  readonly owners: 'all' | ReadonlySet<string>;
}

/** The condition that keeps a query to the owners of a view: part of its filter, so that counts, pages and cursors follow it. */
export function ownerFilter({ owners }: EventView): ParsedFilter | undefined {
  if (owners === 'all') return undefined;
  const test = (member: unknown): boolean => typeof member === 'string' && owners.has(member);
  return {
    predicate: { kind: 'test', place: { column: 'user', below: [] }, test },
    // A cursor is bound to it: it goes on for somebody who sees the same users, and for nobody else.
    canonical: `["owners","${createHash('sha256').update(JSON.stringify([...owners].sort())).digest('base64')}"]`,
  };
}

/** @param owner undefined for an event of nobody */
export function isOwned(owner: string | undefined, { owners }: EventView): boolean {
  return owners === 'all' || (owner !== undefined && owners.has(owner));
}
