import { HttpError } from './HttpError.js';

/** Deeper than any filter or event may be, so that what is wrong with these is said by the service, field by field. */
const MOST_LEVELS = 64;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /^-?\d+$/;

/**
 * JSON as it was meant (RFC 7493): where `JSON.parse` would take the last of two members of one name, round a whole number
 * to another, or build a thousand levels, the request is refused instead. Two passes over the text.
 * @throws HttpError `BAD_REQUEST`
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HttpError('BAD_REQUEST', 'The body is not UTF-8.');
  }
  refuseWhatIsLost(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpError('BAD_REQUEST', 'The body is not JSON.');
  }
}

/** Names of an object's members so far; undefined for an array. */
type Level = Set<string> | undefined;

/** Looks only for what would be lost, and leaves all other faults to `JSON.parse`. */
function refuseWhatIsLost(text: string): void {
  const levels: Level[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === 0x22) {
      const end = endOfString(text, at);
      if (isName) addName(levels.at(-1), text.slice(at, end));
      isName = false;
      at = end - 1;
    } else if (character === 0x7b || character === 0x5b) {
      if (levels.length === MOST_LEVELS) throw new HttpError('BAD_REQUEST', 'The body is nested too deeply.');
      isName = character === 0x7b;
      levels.push(isName ? new Set() : undefined);
    } else if (character === 0x7d || character === 0x5d) {
      levels.pop();
      isName = false;
    } else if (character === 0x2c) {
      isName = levels.at(-1) !== undefined;
    } else if (character === 0x2d || (character >= 0x30 && character <= 0x39)) {
      number.lastIndex = at;
      const digits = number.exec(text)?.[0];
      if (digits === undefined) return;
      refuseRounded(digits);
      at += digits.length - 1;
    }
  }
}

/** @returns where the text goes on behind a string that begins at `from` */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === 0x5c) before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
  }
  return text.length;
}

function addName(names: Level, quoted: string): void {
  let name = quoted.slice(1, -1);
  if (name.includes('\\')) {
    try {
      name = JSON.parse(quoted) as string; // of a string it makes a string
    } catch {
      return;
    }
  }
  if (name === '__proto__') throw new HttpError('BAD_REQUEST', 'The body has a member named __proto__.');
  if (names?.has(name) === true) throw new HttpError('BAD_REQUEST', 'An object of the body has two members of one name.');
  names?.add(name);
}

function refuseRounded(digits: string): void {
  const value = Number(digits);
  if (!Number.isFinite(value)) throw new HttpError('BAD_REQUEST', 'The body has a number that is larger than a number may be.');
  if (INTEGER.test(digits) && !Number.isSafeInteger(value)) {
    throw new HttpError('BAD_REQUEST', 'The body has a whole number beyond 2^53 - 1, which would be rounded: send it as a string.');
  }
}
