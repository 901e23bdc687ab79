import { DIGIT, isDigitAt, isPlainAt, kindAt, OTHER, UPPER } from './characters.js';
import type { Span } from './Span.js';

const SHORTEST = 15;
const VIN_LENGTH = 17;
const LONGEST_IBAN = 34;

/** Numbers that carry a check of their own (vehicles, bank accounts, telephones), and keys by what their makers begin them with. */
export function findCodes(text: string, spans: Span[]): void {
  for (let index = 0; index < text.length; ) {
    let end = index;
    while (isPlainAt(text, end) || text.charAt(end) === '_' || text.charAt(end) === '-') end++;
    const length = end - index;
    if (length >= SHORTEST) {
      if (length === VIN_LENGTH && isVin(text, index)) spans.push({ class: 'vehicle', start: index, end });
      else if (length === SHORTEST && isImei(text, index)) spans.push({ class: 'device', start: index, end });
      else if (isKey(text, index, length)) spans.push({ class: 'secret', start: index, end });
    }
    if (length >= 4) {
      const ibanEnd = endOfIban(text, index);
      if (ibanEnd !== undefined) {
        spans.push({ class: 'account', start: index, end: ibanEnd });
        end = ibanEnd;
      }
    }
    index = end + 1;
  }
}

const keys = ['sk_live_', 'sk_test_', 'pk_live_', 'rk_live_', 'ghp_', 'gho_', 'ghs_', 'github_pat_', 'glpat-', 'xoxb-', 'xoxp-', 'xoxa-', 'AKIA', 'ASIA', 'AIza', 'npm_', 'SG.'];
const LEAST_KEY = 20;

function isKey(text: string, start: number, length: number): boolean {
  return length >= LEAST_KEY && keys.some((beginning) => text.startsWith(beginning, start));
}

const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const VIN_LETTERS = 'ABCDEFGH..JKLMN.P.R..STUVWXYZ';

function isVin(text: string, start: number): boolean {
  let sum = 0;
  let letters = 0;
  for (let place = 0; place < VIN_LENGTH; place++) {
    const kind = kindAt(text, start + place);
    const character = text.charAt(start + place);
    let value: number;
    if (kind === DIGIT) value = Number(character);
    else if (kind === UPPER) {
      const at = VIN_LETTERS.indexOf(character);
      if (at < 0) return false;
      letters++;
      value = at < 8 ? at + 1 : at < 19 ? at - 9 : at - 19;
    } else return false;
    sum += value * (weights[place] ?? 0);
  }
  const check = sum % 11;
  return letters > 0 && letters < VIN_LENGTH && text.charAt(start + 8) === (check === 10 ? 'X' : String(check));
}

/** By the two digits that bodies which number telephones begin with, and Luhn's check. */
function isImei(text: string, start: number): boolean {
  if (!['35', '86', '01', '99'].includes(text.slice(start, start + 2))) return false;
  let sum = 0;
  for (let place = 0; place < SHORTEST; place++) {
    if (!isDigitAt(text, start + place)) return false;
    const value = Number(text.charAt(start + place)) * (place % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** @returns where an IBAN ends that begins here, written together or in groups of four */
function endOfIban(text: string, start: number): number | undefined {
  if (kindAt(text, start) !== UPPER || kindAt(text, start + 1) !== UPPER || !isDigitAt(text, start + 2) || !isDigitAt(text, start + 3)) return undefined;
  if (start > 0 && isPlainAt(text, start - 1)) return undefined;
  let compact = '';
  let index = start;
  let end: number | undefined;
  while (compact.length <= LONGEST_IBAN && index < text.length) {
    const kind = kindAt(text, index);
    if (kind === DIGIT || kind === UPPER) {
      compact += text.charAt(index);
      index++;
      if (compact.length >= SHORTEST && !isPlainAt(text, index) && isIban(compact)) end = index;
      continue;
    }
    let gap = 0;
    while (gap < 3 && kindAt(text, index + gap) === OTHER && ' -._/'.includes(text.charAt(index + gap)) && index + gap < text.length) gap++;
    if (gap === 0 || compact.length % 4 !== 0) break;
    index += gap;
  }
  return end;
}

function isIban(compact: string): boolean {
  let rest = 0;
  for (let place = 0; place < compact.length; place++) {
    const character = compact.charAt((place + 4) % compact.length);
    const value = character <= '9' ? Number(character) : character.charCodeAt(0) - 55;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
