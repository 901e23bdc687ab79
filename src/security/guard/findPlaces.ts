import { addMatches, type Span } from './Span.js';

const state = 'A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]';
// Each repetition is bounded and takes what the next one cannot: they stay linear in the text.
const cityWithZip = new RegExp(`(?<![\\w])(?:[A-Z][a-z'’.-]{1,20} ){0,2}[A-Z][a-z'’.-]{1,20},? (?:${state})[ ,]{1,3}\\d{5}(?:-\\d{4})?(?!\\w)`, 'g');
const county = /(?<!\w)[A-Z][a-z'’-]{1,20} (?:County|Parish|Borough)(?!\w)/g;
const british = /(?<![\w-])[A-Z]{1,2}\d[A-Z\d]? {1,2}\d[ABD-HJLNP-UW-Z]{2}(?![\w-])/g;
const canadian = /(?<![\w-])[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d(?![\w-])/g;

/** Postal codes of the United States behind a state, of Britain and Canada; counties. */
export function findPlaces(text: string, digits: number, spans: Span[]): void {
  if (digits >= 5) addMatches(spans, 'address', cityWithZip, text);
  if (digits >= 2) {
    addMatches(spans, 'address', british, text);
    if (digits >= 3) addMatches(spans, 'address', canadian, text);
  }
  if (text.includes('County') || text.includes('Parish') || text.includes('Borough')) addMatches(spans, 'address', county, text, (match) => !/^(?:The|This|Your|Our|By|Per) /.test(match));
}

const highAge = /(?<![\w.])(?:9\d|1[0-2]\d)(?= {0,2}-? {0,2}(?:years?[ -]{1,2}(?:old|of age)|y\/?o(?!\w)|yrs? old|year-old))/gi;

/** Ages above 89, which 164.514 treats as it treats dates. */
export function findAges(text: string, spans: Span[]): void {
  addMatches(spans, 'age', highAge, text);
}
