import { isIPv6 } from 'node:net';
import { addMatches, type Span } from './Span.js';

const macAddress = /(?<![\w:-])[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?![\w:-])/gi;
const ipv6Candidate = /(?<![\w:.])[\da-f:]{3,39}(?:\.\d{1,3}){0,3}(?![\w:.])/gi;

/** MAC and IPv6 addresses. */
export function findDevices(text: string, spans: Span[]): void {
  addMatches(spans, 'device', macAddress, text);
  addMatches(spans, 'ip', ipv6Candidate, text, isSomebodysAddress);
}

function isSomebodysAddress(text: string): boolean {
  // `a::b` is an address by the letter, and a name in C++ or CSS by likelihood; `::1` is everybody's.
  return text !== '::1' && /\d/.test(text) && isIPv6(text);
}
