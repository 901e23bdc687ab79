import type { Draw } from './Draw.js';
import type { Clean } from './makers.js';

/** What is done to an identifier so that it still reads as one, and a plain search misses it. */
type Disguise = (clean: Clean, draw: Draw) => string;

const whole = ({ before = '', identifier, after = '' }: Clean): string => before + identifier + after;
const inside = (change: (text: string, draw: Draw) => string): Disguise => (clean, draw) => whole({ ...clean, identifier: change(clean.identifier, draw) });
const everywhere = (change: (text: string, draw: Draw) => string): Disguise => (clean, draw) => change(whole(clean), draw);
const each = (text: string, change: (character: string) => string): string => Array.from(text, (character) => change(character)).join('');

const invisible = ['\u200b', '\u200c', '\u200d', '\u2060', '\u00ad', '\ufeff', '\u034f', '\u{e0001}', '\u180e'];
const directional = ['\u200e', '\u200f', '\u202a', '\u202c', '\u2066', '\u2069'];
/** Zeros of scripts with ten digits: Arabic, Persian, Devanagari, Bengali, Thai, mathematical bold, monospace. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x1d7ce, 0x1d7f6];
const lookalikes: Readonly<Record<string, string>> = { a: 'а', e: 'е', o: 'о', p: 'р', c: 'с', x: 'х', y: 'у', i: 'і', s: 'ѕ', A: 'А', B: 'В', E: 'Е', H: 'Н', K: 'К', M: 'М', O: 'О', P: 'Р', C: 'С', T: 'Т', X: 'Х', j: 'ј', S: 'Ѕ', I: 'І', N: 'Ν' };
const digitOf = (zero: number) => (character: string) => (/[0-9]/.test(character) ? String.fromCodePoint(zero + Number(character)) : character);
const between = (text: string, marks: readonly string[], draw: Draw, share: number): string => each(text, (character) => (draw.chance(share) ? character + draw.one(marks) : character));

export const disguises: Readonly<Record<string, Disguise>> = {
  none: whole,
  'full-width': inside((text) => each(text, (character) => (character > ' ' && character <= '~' ? String.fromCodePoint(character.charCodeAt(0) + 0xfee0) : character))),
  'zero-width': inside((text, draw) => between(text, invisible, draw, 0.5)),
  directional: inside((text, draw) => between(text, directional, draw, 0.3)),
  'other digits': inside((text, draw) => each(text, digitOf(draw.one(zeros)))),
  lookalikes: everywhere((text, draw) => each(text, (character) => (draw.chance(0.4) ? (lookalikes[character] ?? character) : character))),
  'other letters': inside((text) =>
    each(text, (character) => {
      if (/[A-Z]/.test(character)) return String.fromCodePoint(0x1d400 + character.charCodeAt(0) - 65);
      return /[a-z]/.test(character) ? String.fromCodePoint(0x1d41a + character.charCodeAt(0) - 97) : character;
    }),
  ),
  separators: inside((text, draw) => {
    const mark = draw.one([' ', '.', '–', '\u00a0', '·', '_', '  ', ' - ', '\u2011', '/']);
    return text.replaceAll(/(?<=[0-9])[- ](?=[0-9])/g, mark);
  }),
  base64: everywhere((text) => Buffer.from(text).toString('base64')),
  base64url: everywhere((text) => `ref=${Buffer.from(text).toString('base64url')}`),
  percent: everywhere((text) => `/search?q=${encodeURIComponent(text)}&page=2`),
  entities: everywhere((text) => each(text, (character) => (/[@.\-0-9]/.test(character) ? `&#${character.charCodeAt(0)};` : character))),
};
export const disguiseNames = Object.keys(disguises);
