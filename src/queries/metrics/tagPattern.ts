import { RE2JS } from 're2js';

import { limits } from '../../contract/limits.js';

/** A compiled pattern may have so many steps: a match takes at most as long as all of them for each character. */
const MOST_STEPS = 5000;

/** Tells whether a pattern matches the whole of a text; what was asked once is remembered. */
export type TagPattern = (text: string) => boolean;

/**
 * Compiles a regular expression of RE2, which has no backtracking: a match takes time in proportion to the text.
 * @returns undefined where it is none, or too large
 */
export function tagPattern(pattern: string): TagPattern | undefined {
  if (pattern.length > limits.tagPatternLength) return undefined;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch {
    // What it says quotes the pattern, which may hold anything.
    return undefined;
  }
  if (compiled.programSize() > MOST_STEPS) return undefined;
  const answers = new Map<string, boolean>();
  return (text) => {
    let answer = answers.get(text);
    if (answer === undefined) {
      answer = compiled.testExact(text);
      answers.set(text, answer);
    }
    return answer;
  };
}
