import { limits } from '../../../contract/limits.js';
import type { MemberPlace } from './Predicate.js';

/** Keys that a path may have, and their lengths: no event has more. */
const MOST_KEYS = limits.depth + 1;

const ownFields: ReadonlyMap<string, MemberPlace> = new Map<string, MemberPlace>([
  ['id', { column: 'id', below: [] }],
  ['userId', { column: 'user', below: [] }],
  ['sessionId', { column: 'session', below: [] }],
  ['priority', { column: 'priority', below: [] }],
  ['timestamp', { column: 'time', below: [] }],
]);

export const FIELDS = `${[...ownFields.keys()].join(', ')}, properties.… or metadata.…, or an array of keys`;

/** A member's keys, one by one; undefined where it is no such thing. */
export function keysOf(field: unknown): readonly string[] | undefined {
  const keys: unknown = typeof field === 'string' ? field.split('.', MOST_KEYS + 1) : field;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MOST_KEYS) return undefined;
  // Copied: a caller's array could change, and an array may have holes.
  const copy = Array.from<unknown>(keys);
  return copy.every((key) => typeof key === 'string' && key.length <= limits.keyLength) ? (copy as string[]) : undefined; // just checked
}

/** Where the member at `keys` stands; undefined where no event has such a member. */
export function placeOf(keys: readonly string[]): MemberPlace | undefined {
  const [root, member, ...below] = keys;
  if (root === undefined) return undefined;
  if (member === undefined) return ownFields.get(root);
  return root === 'properties' || root === 'metadata' ? { column: `${root}.${member}`, below } : undefined;
}
