import { canonicalKey } from '../security/guard/classifyKey.js';

const USER = 'userid';

/** Whose samples with these tags are: the values of `userId`, however it is spelled (`user_id`, `User-ID`). No other tag says so. */
export function taggedUsers(tags: Readonly<Record<string, string>>): string[] {
  return Object.entries(tags).flatMap(([key, value]) => (isUserTag(key) && value !== '' ? [value] : []));
}

function isUserTag(key: string): boolean {
  // Most keys are none, and this is asked of each.
  return /id/i.test(key) && canonicalKey(key) === USER;
}
