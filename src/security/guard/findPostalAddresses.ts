import { addMatches, type Span } from './Span.js';

// Words that end a street's name whatever their case, and words that mean other things too unless capitalised.
const always = '[Ss]treet|[Aa]venue|[Aa]ve|[Bb]oulevard|[Bb]lvd|[Hh]ighway|[Hh]wy|[Pp]arkway|[Pp]kwy|[Rr]oad|STREET|AVENUE|AVE|BLVD|ROAD|RD|ST';
const capitalised = 'St|Rd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace|Square|Sq|Circle|Cir|Trail|Close|Crescent';
const street = new RegExp(
  `(?<![\\w.,:/-])\\d{1,5}[A-Za-z]? (?:[NSEWnsew]\\.? )?(?:(?:[A-Za-z'’]{2,20}\\.?|\\d{1,3}(?:st|nd|rd|th)) ){1,3}(?:${always})(?![\\w/])` +
    `|(?<![\\w.,:/-])\\d{1,5}[A-Za-z]? (?:[NSEW]\\.? )?(?:(?:[A-Z][A-Za-z'’]{1,20}\\.?|\\d{1,3}(?:st|nd|rd|th)) ){1,3}(?:${capitalised})(?![\\w/])`,
  'g',
);
const german = /(?<![\p{L}])\p{Lu}\p{L}{1,25}(?:straße|strasse|str\.|weg|gasse|platz|allee) \d{1,4}(?!\d)/gu;
const germanEnding = /(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee) \d/;
const postBox = /\bP\.? ?O\.? ?Box \d{1,6}\b/gi;

/** Streets after a house number. */
export function findStreets(text: string, spans: Span[]): void {
  addMatches(spans, 'address', street, text);
}

/** Post boxes, and streets before a house number as German has them. */
export function findPostalNumbers(text: string, spans: Span[]): void {
  if (germanEnding.test(text)) addMatches(spans, 'address', german, text);
  addMatches(spans, 'address', postBox, text);
}
