const MAX_LENGTH = 64;
const MAX_WORD = 32;
/** `cognitive-behavioural-therapy` is a term; a sentence that is written with dashes is none. */
const MAX_WORDS = 4;
/** Shorter runs of letters, as in `2026-11-26T10:05:03Z` or a UUID, are no words. */
const SHORTEST_WORD = 3;

const OTHER = 0;
const LOWER = 1;
const UPPER = 2;
const DIGIT = 3;
const JOINT = 4;
const KINDS = Uint8Array.from({ length: 0x250 }, (_, code) => kindOf(String.fromCharCode(code)));

function kindOf(character: string): number {
  if (/[0-9]/.test(character)) return DIGIT;
  if (/[-_./:+]/.test(character)) return JOINT;
  // Latin letters only: other scripts write sentences without spaces.
  if (/\p{Lu}/u.test(character)) return UPPER;
  return /\p{Ll}/u.test(character) ? LOWER : OTHER;
}

/**
 * Whether a text is a term, such as `cbt`, `no-show` or `2026-11-26`, and cannot be what somebody said: at most 64
 * characters of the Latin script, digits and `-_./:+`, without spaces, and at most four words, also of `camelCase`.
 */
export function isTerm(text: string): boolean {
  if (text.length > MAX_LENGTH) return false;
  let words = 0;
  let run = 0;
  let letters = 0;
  let last = JOINT;
  for (let index = 0; index < text.length; index++) {
    const kind = KINDS[text.charCodeAt(index)] ?? OTHER;
    if (kind === OTHER) return false;
    run = kind === JOINT ? 0 : run + 1;
    if (run > MAX_WORD) return false;
    if (kind === LOWER || kind === UPPER) {
      if (kind === UPPER && last === LOWER) letters = 0;
      letters++;
      if (letters === SHORTEST_WORD && ++words > MAX_WORDS) return false;
    } else {
      letters = 0;
    }
    last = kind;
  }
  return true;
}
