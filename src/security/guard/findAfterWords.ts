import { isDigitAt, isLetterAt, kindAt, UPPER } from './characters.js';
import type { GuardClass } from './Guard.js';
import { matchShape, type Shape } from './matchShape.js';
import type { Span } from './Span.js';

interface Announcement {
  readonly class: GuardClass;
  readonly shape: Shape;
  /** Whether a word such as `number`, or a `:`, has to follow: `member` alone says nothing. */
  readonly needsNoun: boolean;
}

/** Words that say what comes, by class and shape; those after `|` only together with `number`, `id`, `:` or the like. */
const table: readonly (readonly [GuardClass, Shape, string])[] = [
  ['ssn', 'code', 'ssn sin nino | social'],
  ['mrn', 'code', 'mrn | medical chart nhs patient hospital health ehr emr'],
  ['plan', 'code', 'medicare medicaid | member subscriber policy insurance insured beneficiary plan group'],
  ['account', 'code', 'iban | account acct bank routing checking savings'],
  ['licence', 'code', 'passport npi dl | license licence licenses driver drivers dea certificate permit'],
  ['vehicle', 'plate', 'plate plates kennzeichen vin | vehicle registration'],
  ['device', 'code', 'imei imsi iccid udid idfa gaid serial | device pacemaker implant sn'],
  ['phone', 'phone', 'phone tel telephone telefon mobile cell fax telefax whatsapp sms call text reach ring |'],
  ['birth', 'date', 'dob birth birthday birthdate born |'],
  ['date', 'date', 'admitted admission discharged discharge died deceased death surgery appointment hospitalized hospitalised | visit seen'],
  ['age', 'age', 'aged age |'],
  ['address', 'code', 'zip zipcode postcode postal |'],
  ['address', 'place', 'resident residing lives living grew city | moved'],
  ['biometric', 'template', 'voiceprint fingerprint | retina iris face palm'],
  ['id', 'code', '| customer client case claim referral prescription rx specimen accession encounter study employee participant subject confirmation user visitor'],
];
const announcements: ReadonlyMap<string, Announcement> = new Map(
  table.flatMap(([identifier, shape, words]) => {
    const [alone = '', withNoun = ''] = words.split('|').map((part) => part.trim());
    const entries = (list: string, needsNoun: boolean) => list.split(' ').filter(Boolean).map((word) => [word, { class: identifier, shape, needsNoun }] as const);
    return [...entries(alone, false), ...entries(withNoun, true)];
  }),
);
const nouns = new Set('number numbers no num nr id ids identifier code ref plate serial date template scan print account license licence registration record'.split(' '));
const fillers = new Set('is was are has s of the on at in up me to by since as my your his her plan card record security account license licence device plate number health implant years'.split(' '));
/** `on 3` follows them as often as a date does. */
const weakDates = new Set(['visit', 'seen']);

const LONGEST_WORD = 12;
const MAX_STEPS = 6;
const BETWEEN = ' :=#.,-()\'"\t';

/** Numbers, dates and places that only the words before them make identifiers. One pass; after a word it looks 6 words ahead. */
export function findAfterWords(text: string, spans: Span[]): void {
  for (let index = 0; index < text.length; ) {
    if (!isLetterAt(text, index)) {
      index++;
      continue;
    }
    let end = index;
    while (isLetterAt(text, end)) end++;
    // `S/N` is the one abbreviation with a stroke.
    const isSerial = end - index === 1 && /^s\/n/i.test(text.slice(index, index + 3)) && !isLetterAt(text, index + 3);
    if (isSerial) end += 2;
    if (end - index <= LONGEST_WORD && end - index > 1) {
      const announced = announcements.get(isSerial ? 'serial' : text.slice(index, end).toLowerCase());
      const found = announced === undefined ? undefined : spanAfter(text, index, end, announced);
      if (found !== undefined) {
        spans.push(found);
        index = found.end;
        continue;
      }
    }
    index = end;
  }
}

function spanAfter(text: string, wordStart: number, wordEnd: number, { class: identifier, shape, needsNoun }: Announcement): Span | undefined {
  let at = wordEnd;
  let hasNoun = !needsNoun;
  for (let step = 0; step <= MAX_STEPS; step++) {
    let gap = 0;
    while (gap < 8 && at < text.length && BETWEEN.includes(text.charAt(at))) {
      const mark = text.charAt(at);
      if (mark === ':' || mark === '=' || mark === '#') hasNoun = true;
      at++;
      gap++;
    }
    const isAhead = isDigitAt(text, at) || text.charAt(at) === '+';
    if (isAhead) break;
    if (!isLetterAt(text, at)) return undefined;
    let end = at;
    while (end - at < LONGEST_WORD && isLetterAt(text, end)) end++;
    const word = text.slice(at, end).toLowerCase();
    const isNoun = nouns.has(word);
    if (!isNoun && !fillers.has(word)) break;
    // `D` of `D1234567` and `SN` of `SN12345678` belong to what follows.
    if (isDigitAt(text, end) || (text.charAt(end) === '-' && isDigitAt(text, end + 1))) break;
    if (isNoun) hasNoun = true;
    at = end;
  }
  if (!hasNoun && !(weakDates.has(text.slice(wordStart, wordEnd).toLowerCase()) && text.slice(wordEnd, at).trim() === 'on')) return undefined;
  // `mrn12345678` is told; `born2run` is not.
  if (at === wordEnd && !(shape === 'code' && isDigitAt(text, at))) return undefined;
  if (shape === 'place' && (kindAt(text, at) !== UPPER || !/ (?:in|of) $/.test(text.slice(wordEnd, at)))) return undefined;
  const opening = shape === 'phone' && text.charAt(at - 1) === '(' ? at - 1 : at;
  const end = matchShape(shape, text, at);
  return end === undefined ? undefined : { class: identifier, start: opening, end };
}
