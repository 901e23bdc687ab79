import { isDigitAt, isLetterAt, isPlainAt, kindAt, UPPER } from './characters.js';

/** What an identifier looks like that a word before it has announced. */
export type Shape = 'code' | 'plate' | 'date' | 'phone' | 'age' | 'place' | 'template';

/** @returns where what starts at `at` ends, or undefined if it does not look like that. Looks at 64 characters at most, but for a template. */
export function matchShape(shape: Shape, text: string, at: number): number | undefined {
  switch (shape) {
    case 'code':
      return matchCode(text, at, 4, isDigitAt);
    case 'plate':
      return matchCode(text, at, 2, (given, index) => isDigitAt(given, index) || kindAt(given, index) === UPPER);
    case 'template':
      return matchTemplate(text, at);
    case 'date':
      return matchDate(text, at);
    case 'phone':
      return matchPhone(text, at);
    case 'age':
      return matchAge(text, at);
    case 'place':
      return matchPlace(text, at);
  }
}

const MAX_CODE = 48;

/** Letters and digits in groups, with `leastDigits` digits. After a space only a group goes on whose first character `goesOn`. */
function matchCode(text: string, at: number, leastDigits: number, goesOn: (text: string, index: number) => boolean): number | undefined {
  let digits = 0;
  let end = at;
  for (let index = at; index - at < MAX_CODE && index <= text.length; ) {
    if (isPlainAt(text, index)) {
      if (isDigitAt(text, index)) digits++;
      index++;
      end = index;
      continue;
    }
    const gap = gapAt(text, index);
    if (gap === 0 || !isPlainAt(text, index + gap)) break;
    const isSpaced = text.slice(index, index + gap).includes(' ');
    if (isSpaced && (digits === 0 ? !isUpperGroup(text, at, index) : !goesOn(text, index + gap))) break;
    if (isSpaced && isWord(text, index + gap)) break;
    index += gap;
  }
  return digits >= leastDigits ? end : undefined;
}

function isUpperGroup(text: string, start: number, end: number): boolean {
  return end - start <= 4 && kindAt(text, start) === UPPER && kindAt(text, end - 1) === UPPER;
}

/** Whether a word of more than three letters stands here, with no digit in it. */
function isWord(text: string, at: number): boolean {
  let index = at;
  while (index - at < 20 && isLetterAt(text, index)) index++;
  return index - at > 3 && !isDigitAt(text, index);
}

const IS_GAP = new Set([' ', '-', '.', '/', '_']);

/** Length of what separates two groups here: up to three separators. */
function gapAt(text: string, at: number): number {
  let length = 0;
  while (length < 3 && IS_GAP.has(text.charAt(at + length))) length++;
  return length;
}

const LEAST_TEMPLATE = 12;

function matchTemplate(text: string, at: number): number | undefined {
  let end = at;
  let digits = 0;
  while (isPlainAt(text, end) || (end < text.length && '+/=_-'.includes(text.charAt(end)))) {
    if (isDigitAt(text, end)) digits++;
    end++;
  }
  // A word has no digits.
  return end - at >= LEAST_TEMPLATE && digits > 1 ? end : undefined;
}

const months = new Set('jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august september october november december'.split(' '));

/** `03/04/1980`, `1980-03-04`, `4 March 1980`, `Mar 4th, 1980`, `04-Mar-80`. A year alone is none. */
function matchDate(text: string, at: number): number | undefined {
  const ends: number[] = [];
  let names = 0;
  let index = at;
  for (let part = 0; part < 3; part++) {
    let end = index;
    while (end - index < 4 && isDigitAt(text, end)) end++;
    if (end === index) {
      while (end - index < 10 && isLetterAt(text, end)) end++;
      if (!months.has(text.slice(index, end).toLowerCase())) break;
      names++;
    } else if (isDigitAt(text, end)) break;
    else if (/^(?:st|nd|rd|th)$/i.test(text.slice(end, end + 2)) && !isLetterAt(text, end + 2)) end += 2;
    ends.push(end);
    index = end;
    let gap = 0;
    while (gap < 4 && index + gap < text.length && ' -/.,_'.includes(text.charAt(index + gap))) gap++;
    if (gap === 0) break;
    index += gap;
    if (text.startsWith('of ', index)) index += 3;
  }
  if (ends.length === 3) return ends[2];
  // `March 4` and `4 March`, but no `3.5`.
  return ends.length === 2 && names === 1 ? ends[1] : undefined;
}

function matchPhone(text: string, at: number): number | undefined {
  let digits = 0;
  let end = at;
  let gap = 0;
  for (let index = at; index < text.length && index - at < 40 && gap <= 3; index++) {
    if (isDigitAt(text, index)) {
      digits++;
      end = index + 1;
      gap = 0;
    } else if (' ()+-./_'.includes(text.charAt(index))) gap++;
    else break;
  }
  return digits >= 7 && digits <= 16 ? end : undefined;
}

const OLDEST = 130;

function matchAge(text: string, at: number): number | undefined {
  let end = at;
  while (end - at < 4 && isDigitAt(text, end)) end++;
  const age = Number(text.slice(at, end));
  return age > 89 && age <= OLDEST ? end : undefined;
}

/** One to three capitalised words. */
function matchPlace(text: string, at: number): number | undefined {
  let end: number | undefined;
  let index = at;
  for (let word = 0; word < 3 && kindAt(text, index) === UPPER; word++) {
    let last = index;
    while (last - index < 24 && isLetterAt(text, last)) last++;
    if (last - index < 2) break;
    end = last;
    if (text.charAt(last) !== ' ') break;
    index = last + 1;
  }
  return end;
}
