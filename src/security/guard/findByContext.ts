import type { GuardClass } from './Guard.js';
import type { NumericToken } from './numericTokens.js';
import { addGroups, addMatches, type Span } from './Span.js';

// What stands before the identifier says what it is. `identifier` is the group that is masked.
const numbersByWord: readonly (readonly [GuardClass, RegExp])[] = [
  ['ssn', /\b(?:ssn|social security(?: number| no\.?)?)(?: is|:|=|#)? {0,2}(?<identifier>\d{3}[- ]?\d{2}[- ]?\d{4})\b/dgi],
  ['mrn', /\b(?:mrn|medical record(?: number| no\.?)?|patient (?:id|number|no\.?)|chart (?:number|no\.?)|nhs (?:number|no\.?))(?: is|:|=|#)? {0,2}(?<identifier>[a-z]{0,4}-?\d[\d -]{2,14}\d)/dgi],
  ['plan', /\b(?:member|subscriber|policy|insurance|medicare|medicaid) (?:id|number|no\.?)(?: is|:|=|#)? {0,2}(?<identifier>[a-z]{0,4}-?\d[\da-z-]{3,17})/dgi],
  ['account', /\b(?:account|acct\.?) (?:number|no\.?|#)(?: is|:|=|#)? {0,2}(?<identifier>\d[\d -]{3,18}\d)/dgi],
  ['licence', /\b(?:licen[cs]e|passport) (?:number|no\.?|#)(?: is|:|=|#)? {0,2}(?<identifier>[a-z]{0,3}\d[\da-z-]{3,14})/dgi],
  ['phone', /\b(?:phone|tel\.?|telephone|mobile|cell|fax|call me (?:at|on))(?: number)?(?: is|:|=|#)? {0,2}(?<identifier>\+?\d[\d ().-]{5,16}\d)/dgi],
  ['birth', /\b(?:dob|date of birth|birth ?date|birthday|born)(?: on| is|:|=|#)? {0,2}(?<identifier>\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{1,2}\.? \p{L}{3,9},? \d{4}|\p{L}{3,9} \d{1,2},? \d{4})/dgiu],
];
const anyWord = /\b(?:ssn|social|mrn|medical|patient|chart|nhs|member|subscriber|policy|insurance|medicare|medicaid|account|acct|licen[cs]e|passport|phone|tel|telephone|mobile|cell|fax|call|dob|date of|birth|birthday|birthdate|born)\b/i;

/** Numbers and dates that only the words before them make identifiers. */
export function findNumbersByWord(text: string, tokens: readonly NumericToken[], spans: Span[]): void {
  // Versions, as in `Chrome/32.0.1700.77`, are the most frequent numbers and follow no word.
  if (tokens.every((token) => token.followsSlash) || !anyWord.test(text)) return;
  for (const [identifier, pattern] of numbersByWord) addGroups(spans, identifier, pattern, text);
}

const titled = /\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)(?:\. ?| )\p{Lu}[\p{L}'’-]{1,30}(?: \p{Lu}[\p{L}'’-]{1,30})?/gu;
const introduced =
  /\b(?:[Mm]y|[Pp]atient|[Cc]lient|[Ff]ull|[Ff]irst|[Ll]ast|[Hh]is|[Hh]er|[Tt]heir)[ -]?[Nn]ame(?: is|:) {0,2}(?<identifier>\p{Lu}[\p{L}'’-]{1,30}(?: \p{Lu}[\p{L}'’-]{1,30}){0,2})/dgu;

/** Names that a title or an introduction makes known. A bare name in a sentence is not found. */
export function findNames(text: string, spans: Span[]): void {
  addMatches(spans, 'name', titled, text);
  if (text.includes('ame')) addGroups(spans, 'name', introduced, text);
}
