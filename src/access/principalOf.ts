import { roles as known, type Role } from '../contract/access.js';

/** The roles among the words that a credential has: any other word allows nothing. */
export function rolesOf(words: readonly string[]): readonly Role[] {
  return known.filter((role) => words.includes(role));
}
