import { findGrouped } from './findGrouped.js';
import { isCard } from './isCard.js';
import type { NumericToken } from './numericTokens.js';
import { addMatches, type Span } from './Span.js';

const MIN_DIGITS = 7;

// Every repetition below takes exactly one digit a round and is bounded: the patterns are linear in the text.
const before = '(?<![\\w.])';
const after = '(?!\\w|\\.\\d)';
const ssn = new RegExp(`${before}(?!000|666|9)\\d{3}([- ])(?!00)\\d{2}\\1(?!0000)\\d{4}${after}`, 'g');
const card = new RegExp(`${before}\\d(?:[ -]?\\d){12,18}${after}`, 'g');
const internationalPhone = new RegExp(`(?<!\\w)(?:\\+|00(?=\\d{1,3}[ -]))[1-9](?:[ .()/_-]{0,3}\\d){7,14}${after}`, 'g');
const americanPhone = new RegExp(`(?:${before}1[ .-]?|(?<![\\w.]))(?:\\([2-9]\\d\\d\\) ?|[2-9]\\d\\d[ .-])[2-9]\\d\\d[ .-]\\d{4}${after}`, 'g');
const trunkPhone = new RegExp(`${before}(?:\\(0\\d{1,4}\\) ?|0\\d{1,4}[ ./_-]{1,3})\\d{3,7}(?:[ ._/-]{1,3}\\d{3,4}){0,2}${after}|${before}0[1-9](?:[ ._/-]{1,3}\\d\\d){4}${after}`, 'g');
const barePhone = /^(?:1?[2-9]\d\d[2-9]\d{6}|0[1-9]\d{8,9})$/;
const coordinates = new RegExp(`(?<![\\w./])-?\\d{1,2}\\.\\d{4,12}[,;] ?-?\\d{1,3}\\.\\d{4,12}${after}`, 'g');
const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`${before}${octet}(?:\\.${octet}){3}${after}`, 'g');
// Not of a person: loopback, unspecified, broadcast.
const nobodysAddress = /^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$)/;
// `Chrome/32.0.170.77`, `rv:1.9.2.13`, `Linux 2.6.32.5`: four numbers with dots are not always an address.
const versionBefore =
  /(?:(?:^|[\s(;,"'+])[A-Za-z][\w.-]{0,30}\/|\brv:|\b(?:v|version|ver\.?|release|build|linux|android|clr|msie|revision|kernel)[ :=/-]?)$/i;
const CONTEXT_LENGTH = 40;

/** Phone and social security numbers, payment cards, IPv4 addresses and coordinates. */
export function findNumbers(text: string, tokens: readonly NumericToken[], spans: Span[]): void {
  for (const { start, value, digits, dots } of tokens) {
    const found: Span[] = [];
    if (dots >= 3) addMatches(found, 'ip', ipv4, value, (match, at) => isSomebodysAddress(match, text, start + at));
    if (digits >= MIN_DIGITS) {
      addMatches(found, 'ssn', ssn, value);
      if (digits >= 13) addMatches(found, 'card', card, value, isCard);
      if (digits >= 9 && dots >= 2) addMatches(found, 'coordinates', coordinates, value, isPlace);
      addMatches(found, 'phone', internationalPhone, value);
      addMatches(found, 'phone', americanPhone, value);
      addMatches(found, 'phone', trunkPhone, value, isPhoneLength);
      findGrouped({ start: 0, value, digits, dots, followsSlash: false }, found);
      if (value.length === text.length && barePhone.test(value)) found.push({ class: 'phone', start: 0, end: value.length });
    }
    for (const span of found) spans.push({ class: span.class, start: span.start + start, end: span.end + start });
  }
}

function isSomebodysAddress(address: string, text: string, at: number): boolean {
  return !nobodysAddress.test(address) && !versionBefore.test(text.slice(Math.max(0, at - CONTEXT_LENGTH), at));
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

function isPhoneLength(text: string): boolean {
  const { length } = digitsOf(text);
  return length >= 9 && length <= 12;
}

function isPlace(text: string): boolean {
  const [latitude = 0, longitude = 0] = text.split(/[,;] ?/).map(Number);
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}
