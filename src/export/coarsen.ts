import { classifyKey } from '../security/guard/classifyKey.js';
import { findIdentifiers } from '../security/guard/findIdentifiers.js';
import { isTerm } from '../security/guard/isTerm.js';

/** What may stand in a cell. `null`: nothing, or nothing that may be told. */
export type Cell = string | number | boolean | null;

const OLDEST_AGE = 89;
export const OLD = '90+';
/** `age`, `ageYears`, `patient_age`, `patientAge`, and not `page` or `usage`. */
const AGE = /^age(?![a-z])|(?:[_-]|[a-z](?=A))[aA]ge(?![a-z])/;
/** A time as ms or s since 1970, from 1990 on. */
const LEAST_SECONDS = 631_152_000;
const DATE = /\d{4}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2}|T\d{2}:\d{2}|\d{1,2}:\d{2}/;
const WHOLE_DATE = /^(\d{4})-\d{2}(?:-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?)?$/;
/** A run of digits is a number of something: of a person, a record, a device. */
const LONG_NUMBER = /\d{7}/;

/**
 * A member's value as it may be exported: dates become years, ages over 89 `90+`; texts that are more than a term, what looks
 * like an identifier, and times and numbers as long as one become nothing.
 *
 * @param key the member's own name
 */
export function coarsen(key: string, value: unknown): Cell {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  if (AGE.test(key)) return coarsenAge(value);
  if (classifyKey(key, undefined)?.test?.(value) === true) return null;
  return typeof value === 'number' ? coarsenNumber(value) : coarsenText(value);
}

function coarsenAge(value: number | string): Cell {
  const age = typeof value === 'number' ? value : Number(/^\d{1,3}(?:\.\d+)?$/.test(value) ? value : Number.NaN);
  if (!(age >= 0)) return null;
  return age > OLDEST_AGE ? OLD : Math.floor(age);
}

function coarsenNumber(value: number): Cell {
  return Math.abs(value) >= LEAST_SECONDS ? null : value;
}

function coarsenText(text: string): Cell {
  const [, year] = WHOLE_DATE.exec(text) ?? [];
  if (year !== undefined) return Number(year);
  return isTerm(text) && !DATE.test(text) && !LONG_NUMBER.test(text) && findIdentifiers(text) === undefined ? text : null;
}
