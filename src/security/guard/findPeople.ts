import { givenNames } from './givenNames.js';
import type { Span } from './Span.js';

/** Words before a name: whatever is capitalised after them is one. */
const strong = new Set('patient client doctor dear named husband wife mother father son daughter sister brother niece nephew aunt uncle therapist psychologist psychiatrist counselor counsellor nurse midwife caregiver guardian'.split(' '));
/** Before a name only with a capital, and with nothing but a dot and a space between. */
const honorifics = new Set(['Mr', 'Mrs', 'Ms', 'Miss', 'Dr', 'Prof', 'MR', 'MRS', 'DR']);
/** Before a name only with a comma or a colon after them. */
const closings = new Set(['signed', 'regards', 'sincerely']);
/** Capitalised words that are no names, as on buttons and in titles. */
const interfaceWords = new Set(
  'page button form home link menu screen view tab dialog modal session sessions settings profile dashboard sign log login logout submit save cancel new mobile safari chrome firefox edge opera browser windows mac android linux chromium internet test plan plans therapy group report reports video audio survey assessment check start end event events the a an your my our this portal list history notes note record records chart data app application team support center centre intake search open close edit delete share next back all no yes not id name number day week month year today monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december and or of for in on to with from by at is was are update create view status error request care health medical clinic hospital journal mood sleep diary goal goals calendar reminder message messages library exercise exercises lesson summary education engagement experience satisfaction advisory assigned not active total count'.split(
    ' ',
  ),
);
const LONGEST_NAME = 40;
const MAX_NAMES = 3;

interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly lower: string;
  readonly isCapitalised: boolean;
}

/**
 * Names in running text: a capitalised word after `patient` or `dear`, a known given name before a capitalised word, and `Roe, Jane`.
 * One pass over the words. A bare name whose given name is in no list is not found.
 */
export function findPeople(text: string, spans: Span[]): void {
  let before: Word | undefined;
  let word = nextWord(text, 0);
  while (word !== undefined) {
    const next = nextWord(text, word.end);
    const span = nameFrom(text, before, word, next);
    if (span !== undefined) {
      spans.push(span);
      before = undefined;
      word = nextWord(text, span.end);
      continue;
    }
    before = word;
    word = next;
  }
}

function nameFrom(text: string, before: Word | undefined, word: Word, next: Word | undefined): Span | undefined {
  if (!word.isCapitalised || interfaceWords.has(word.lower)) return undefined;
  const between = before === undefined ? '' : text.slice(before.end, word.start);
  const isTold = before !== undefined && announces(before, between) && word.text.length > 1 && looksLikeName(word, next);
  const isGiven = givenNames.has(word.lower);
  const follows = next !== undefined && text.slice(word.end, next.start) === ' ' && next.isCapitalised && !interfaceWords.has(next.lower);
  if (isTold || (isGiven && follows)) return spanOf(text, word);
  // `Roe, Jane`
  const isTurned = !closings.has(word.lower) && !strong.has(word.lower) && next !== undefined && text.slice(word.end, next.start) === ', ' && next.isCapitalised && givenNames.has(next.lower) && word.text.length > 1;
  return isTurned ? { class: 'name', start: word.start, end: next.end } : undefined;
}

function announces(before: Word, between: string): boolean {
  if (honorifics.has(before.text)) return between === ' ' || between === '. ' || between === '.';
  if (closings.has(before.lower)) return between === ', ' || between === ': ';
  return strong.has(before.lower) && (between === ' ' || between === ', ' || between === ': ');
}

/** Not `WebSocket`, and not `JSON` alone. */
function looksLikeName({ text, end }: Word, next: Word | undefined): boolean {
  const rest = text.slice(1);
  if (rest === rest.toLowerCase()) return true;
  if (text === text.toUpperCase()) return next !== undefined && next.start === end + 1 && next.text === next.text.toUpperCase() && next.text.length > 1;
  return /^(?:Mc|Mac|De|Di|La|Le|Van|Von|Fitz|O['’])\p{Lu}|['’-]\p{Lu}/u.test(text);
}

/** The word and up to two capitalised ones after it. */
function spanOf(text: string, first: Word): Span {
  let last = first;
  for (let count = 1; count < MAX_NAMES; count++) {
    const next = nextWord(text, last.end);
    const gap = next === undefined ? '' : text.slice(last.end, next.start);
    if (next === undefined || !next.isCapitalised || interfaceWords.has(next.lower) || (gap !== ' ' && !(gap === '. ' && last.text.length === 1))) break;
    last = next;
  }
  return { class: 'name', start: first.start, end: last.end };
}

/** `van-Dijk`, and `de Souza` after a given name. */
const particle = /^(?:van|von|de|da|del|al|el)-\p{Lu}/u;
const letter = /[\p{L}\p{M}]/u;

/** By character code, filled as they come: asking the pattern each time made a page of Arabic take ten times as long. */
const letters = new Uint8Array(0x10000);
const UNKNOWN = 0;
const LETTER = 1;
const NO_LETTER = 2;

function isNamePart(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code < 128) return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  if (index >= text.length) return false;
  const known = letters[code];
  if (known !== UNKNOWN) return known === LETTER;
  const isLetter = letter.test(text.charAt(index));
  letters[code] = isLetter ? LETTER : NO_LETTER;
  return isLetter;
}

function nextWord(text: string, from: number): Word | undefined {
  let start = from;
  while (start < text.length && !isNamePart(text, start)) start++;
  if (start >= text.length) return undefined;
  let end = start;
  while (end - start < LONGEST_NAME) {
    if (isNamePart(text, end)) end++;
    else if (end > start && "'’-".includes(text.charAt(end)) && end + 1 < text.length && isNamePart(text, end + 1)) end += 2;
    else break;
  }
  const found = text.slice(start, end);
  const first = found.charAt(0);
  return { start, end, text: found, lower: found.toLowerCase(), isCapitalised: (first !== first.toLowerCase() || particle.test(found)) && isAlone(text, start, end) };
}

/** Not a part of an identifier, a path or a file. */
function isAlone(text: string, start: number, end: number): boolean {
  const before = start === 0 ? ' ' : text.charAt(start - 1);
  const after = end >= text.length ? ' ' : text.charAt(end);
  return ' \t\n(["\':;,>|-–'.includes(before) && !'_/\\=@#$0123456789{'.includes(after) && !(after === '.' && isNamePart(text, end + 1)) && !(after === '(');
}
