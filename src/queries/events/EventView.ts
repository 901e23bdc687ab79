import { createHash } from 'node:crypto';

import type { ParsedFilter } from './filter/parseFilter.js';
import type { ShownMembers } from './ShownMembers.js';

/** Why a question goes beyond a view. */
export type ViewRefusal = 'field' | 'label' | 'range' | 'small_count';

/** What of the events a query may show: what whoever asks was granted. A query without a view shows everything. */
export interface EventView {
  /** Only events of these users. `all`: those of nobody too. */
  readonly owners: 'all' | ReadonlySet<string>;
  /** Whether events of the type are shown at all. */
  mayRead(type: string): boolean;
  /** Which members of events of the type are shown; undefined: whole events. For events of any type: no member. */
  shown(type: string | undefined): ShownMembers | undefined;
  /** Counts from 1 to below this are not told. */
  readonly leastCount: number;
  /** @throws the typed refusal; @param field what was asked for, where that is the reason */
  refuse(reason: ViewRefusal, sentence: string, field?: string): never;
}

/** The condition that keeps a query to the owners of a view: part of its filter, so that counts, pages and cursors follow it. */
export function ownerFilter({ owners }: EventView): ParsedFilter | undefined {
  if (owners === 'all') return undefined;
  const test = (member: unknown): boolean => typeof member === 'string' && owners.has(member);
  return {
    predicate: { kind: 'test', place: { column: 'user', below: [] }, test },
    // A cursor is bound to it: it goes on for somebody who sees the same users, and for nobody else.
    canonical: `["owners","${createHash('sha256').update(JSON.stringify([...owners].sort())).digest('base64')}"]`,
    fields: [],
    users: [...owners],
  };
}

/** @param owner undefined for an event of nobody */
export function isOwned(owner: string | undefined, { owners }: EventView): boolean {
  return owners === 'all' || (owner !== undefined && owners.has(owner));
}

/** Whether two views show the same of the events of a type. Each call gets a view of its own, so it is not asked whether they are one. */
export function showsTheSame(one: EventView | undefined, other: EventView | undefined, type: string): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.leastCount === other.leastCount && one.mayRead(type) === other.mayRead(type) && areTheSame(one.owners, other.owners);
}

function areTheSame(one: EventView['owners'], other: EventView['owners']): boolean {
  if (one === 'all' || other === 'all') return one === other;
  return one.size === other.size && [...one].every((owner) => other.has(owner));
}

/** Whether a count of so many may be told. */
export function mayTell(count: number, view: EventView | undefined): boolean {
  return count === 0 || count >= (view?.leastCount ?? 0);
}
