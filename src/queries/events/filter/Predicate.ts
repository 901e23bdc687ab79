import type { ColumnName } from '../../../codec/columns/Column.js';
import type { JsonValue } from '../../../contract/json.js';

/** Where in a row a member stands: a column, and the keys below it. */
export interface MemberPlace {
  readonly column: Exclude<ColumnName, 'offset'>;
  readonly below: readonly string[];
}

/** Whether a member, undefined where there is none, passes a condition. */
export type MemberTest = (member: JsonValue | undefined) => boolean;

/** A filter that was checked and compiled. */
export type Predicate =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Predicate[] }
  | { readonly kind: 'not'; readonly part: Predicate }
  | { readonly kind: 'test'; readonly place: MemberPlace; readonly test: MemberTest };

/** Adds the columns that a predicate needs. */
export function addColumns(predicate: Predicate, columns: Set<ColumnName>): void {
  if (predicate.kind === 'test') columns.add(predicate.place.column);
  else if (predicate.kind === 'not') addColumns(predicate.part, columns);
  else for (const part of predicate.parts) addColumns(part, columns);
}

/** The member at `keys` below a column's value: own members of objects only, no items of arrays. */
export function memberBelow(value: JsonValue | undefined, keys: readonly string[]): JsonValue | undefined {
  let member = value;
  for (const key of keys) {
    if (typeof member !== 'object' || member === null || Array.isArray(member) || !Object.hasOwn(member, key)) return undefined;
    member = (member as { readonly [key: string]: JsonValue | undefined })[key]; // an object that is no array
  }
  return member;
}
