import { tally } from './tally.js';

/**
 * People of the tests, and what is said of them: texts that nothing makes by chance. What a test tracks with them must stand
 * open in no Redis of the tests, and in nothing that a program of theirs prints. They sort by their first letters.
 */
const texts = {
  ada: 'ada-Zilpzalp-4471',
  ann: 'ann-Goldammer-8820',
  bob: 'bob-Kernbeisser-3395',
  eve: 'eve-Uferschnepfe-9032',
  email: 'cleo.sumpfmeise-5518@birds.example',
  ssn: '536-22-8819',
  phone: '+1 (212) 555-0187 ext. 44096',
  note: 'told Dr. Ringdrossel-7093 of the night in May',
} as const;

/** Each use is noted: the run says in how many files they went through. */
export const people = Object.freeze(
  Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [
        name,
        {
          enumerable: true,
          get: () => {
            tally.planted();
            return text;
          },
        },
      ]),
    ),
  ),
) as Readonly<Record<keyof typeof texts, string>>; // the same names, each with its text

/** One of many, by number. */
export const person = (number: number): string => `${people.eve}-${number}`;

/** For looking; whoever tracks takes them from `people`. */
export const witnessed: readonly (readonly [name: string, text: string])[] = Object.entries(texts);
