import { limits } from '../../../contract/limits.js';
import { isFilterValue } from './isFilterValue.js';
import type { FieldCondition, FilterValue } from './EventFilter.js';
import type { MemberTest } from './Predicate.js';

export type OperatorName = Exclude<keyof FieldCondition, 'field'>;

interface Operator {
  /** What it takes, in words. */
  readonly allowed: string;
  readonly accepts: (given: unknown) => boolean;
  /** @param given was accepted */
  readonly test: (given: never) => MemberTest;
}

function operator<Given>(allowed: string, accepts: (given: unknown) => given is Given, test: (given: Given) => MemberTest): Operator {
  return { allowed, accepts, test };
}

const VALUE = `a string of at most ${limits.filterTextLength} characters, a finite number, a boolean or null`;
const ORDERED = `a finite number or a string of at most ${limits.filterTextLength} characters`;
const TEXT = `a string of at most ${limits.filterTextLength} characters`;

const isText = (given: unknown): given is string => typeof given === 'string' && isFilterValue(given);
const isOrdered = (given: unknown): given is number | string => (typeof given === 'number' || typeof given === 'string') && isFilterValue(given);
const isList = (given: unknown): given is FilterValue[] =>
  Array.isArray(given) && given.length <= limits.filterListLength && given.every(isFilterValue);
const isBoolean = (given: unknown): given is boolean => typeof given === 'boolean';

/** `holds` for a member of the same type as what was given. JavaScript compares texts by code units. */
const ordering = (holds: (member: number | string, given: number | string) => boolean) =>
  operator(ORDERED, isOrdered, (given) => (member) => typeof member === typeof given && holds(member as typeof given, given)); // of that type

export const operators: Readonly<Record<OperatorName, Operator>> = {
  eq: operator(VALUE, isFilterValue, (given) => (member) => member === given),
  ne: operator(VALUE, isFilterValue, (given) => (member) => member !== given),
  gt: ordering((member, given) => member > given),
  gte: ordering((member, given) => member >= given),
  lt: ordering((member, given) => member < given),
  lte: ordering((member, given) => member <= given),
  in: operator(`an array of at most ${limits.filterListLength}, each ${VALUE}`, isList, (given) => {
    const wanted = new Set<unknown>(given);
    return (member) => wanted.has(member);
  }),
  exists: operator('true or false', isBoolean, (given) => (member) => (member !== undefined) === given),
  prefix: operator(TEXT, isText, (given) => (member) => typeof member === 'string' && member.startsWith(given)),
  contains: operator(VALUE, isFilterValue, (given) => (member) => {
    if (typeof member === 'string') return typeof given === 'string' && member.includes(given);
    return Array.isArray(member) && member.includes(given);
  }),
};
