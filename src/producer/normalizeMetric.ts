import { limits } from '../contract/limits.js';
import { ValidationError } from '../errors/ValidationError.js';
import { DROPPED, type Guard, type TextVerdict } from '../security/guard/Guard.js';
import type { KnownTags, Tag, TagSet } from './KnownTags.js';
import { checkTime, requiredText } from './validateField.js';
import { isPlainObject, IssueList, kindOf, pathOf } from './validateIssues.js';
import { readMember } from './validateMember.js';

export interface NormalizeMetricOptions {
  readonly guard: Guard;
  /** Milliseconds since 1970: the time of a sample that carries none. */
  readonly now: number;
  /** Tag sets that `guard` let pass before. Default: every one is looked at anew. */
  readonly knownTags?: KnownTags | undefined;
}

/** A metric's sample that is fit to be sent. */
export interface NormalizedMetric extends TagSet {
  readonly name: string;
  /** Finite; -0 stays -0, which JSON would lose. */
  readonly value: number;
  /** Whole milliseconds since 1970. */
  readonly timestamp: number;
}

const SUBJECT = 'metric sample';
const FIELDS = ['name', 'value', 'tags', 'timestamp'];
const NO_TAGS: TagSet = { tags: [], tagsJson: '{}' };

/**
 * Checks, guards and copies what `trackMetric` was given.
 * @throws ValidationError, and nothing else, with every bad field
 */
export function normalizeMetric(input: unknown, options: NormalizeMetricOptions): NormalizedMetric {
  const issues = new IssueList();
  try {
    return normalize(input, options, issues);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    issues.add(SUBJECT, 'data that could not be read or guarded', 'plain data');
    throw issues.toError(SUBJECT);
  }
}

function normalize(input: unknown, { guard, now, knownTags }: NormalizeMetricOptions, issues: IssueList): NormalizedMetric {
  if (typeof input !== 'object' || input === null || !isPlainObject(input)) {
    issues.add(SUBJECT, kindOf(input), 'a plain object');
    throw issues.toError(SUBJECT);
  }
  const given: { name: unknown; value: unknown; tags: unknown; timestamp: unknown } = { name: undefined, value: undefined, tags: undefined, timestamp: undefined };
  for (const key of Object.keys(input)) {
    const member = readMember(input, key);
    if (key === 'name' || key === 'value' || key === 'tags' || key === 'timestamp') given[key] = member;
    else if (member !== undefined) issues.add(pathOf([key]), 'an unknown field', FIELDS.join(', '));
  }

  const name = requiredText('name', given.name, limits.metricNameLength, issues);
  const { value } = given;
  if (typeof value !== 'number' || !Number.isFinite(value)) issues.add('value', kindOf(value), 'a finite number');
  const { tags, tagsJson } = given.tags === undefined ? NO_TAGS : tagSetOf(given.tags, guard, knownTags, issues);
  const timestamp = given.timestamp === undefined ? now : checkTime('timestamp', given.timestamp, now, issues);
  issues.throwIfAny(SUBJECT);
  return { name, value: value as number /* checked above */, tags, tagsJson, timestamp };
}

/** Looks up what was let pass before, by all that was given: sets that come with every sample need no guard then. */
function tagSetOf(given: unknown, guard: Guard, knownTags: KnownTags | undefined, issues: IssueList): TagSet {
  const pairs = readTags(given, issues);
  if (pairs === undefined) return NO_TAGS;
  const found = knownTags?.find(pairs);
  if (found !== undefined) return found;
  const before = issues.count;
  const tags = guardedTags(pairs, guard, issues);
  const tagsJson = `{${tags.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`;
  const set = { tags, tagsJson };
  if (issues.count === before) knownTags?.add(pairs, set);
  return set;
}

/** Tags in the order and under the guard that samples are stored with. A query's filter has to go through it too. */
export function canonicalTags(given: unknown, guard: Guard, issues: IssueList): readonly Tag[] {
  const pairs = readTags(given, issues);
  return pairs === undefined ? [] : guardedTags(pairs, guard, issues);
}

type GivenTag = readonly [key: string, value: unknown];

/** Reads each tag once. @returns undefined for what are no tags */
function readTags(given: unknown, issues: IssueList): readonly GivenTag[] | undefined {
  if (typeof given !== 'object' || given === null || !isPlainObject(given)) {
    issues.add('tags', kindOf(given), 'a plain object of strings');
    return undefined;
  }
  const keys = Object.keys(given);
  if (keys.length > limits.tags) {
    issues.add('tags', `${keys.length} tags`, `at most ${limits.tags}`);
    return undefined;
  }
  return keys.map((key) => [key, readMember(given, key)]);
}

function guardedTags(pairs: readonly GivenTag[], guard: Guard, issues: IssueList): readonly Tag[] {
  const tags: Tag[] = [];
  // Sorted first, so that keys which are masked alike are told apart in the same way each time.
  for (const [key, value] of pairs.toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    if (value === undefined) continue;
    const path = pathOf(['tags', key]);
    if (!acceptsKey(path, key, issues) || !acceptsValue(path, value, issues)) continue;
    const rule = guard.rule(key);
    const storedKey = rule.key === undefined ? key : judged(rule.key, path, issues);
    const storedValue = judged(guard.text(rule, value), path, issues);
    if (storedKey !== undefined && storedValue !== undefined) tags.push([freeKey(storedKey, tags), storedValue]);
  }
  return tags.sort(([one], [other]) => (one < other ? -1 : 1));
}

function acceptsKey(path: string, key: string, issues: IssueList): boolean {
  if (key.length > 0 && key.length <= limits.tagKeyLength && key.isWellFormed() && key !== '__proto__') return true;
  issues.add(path, `a key of ${key.length} characters`, `keys of 1 to ${limits.tagKeyLength} characters, well-formed Unicode, not __proto__`);
  return false;
}

function acceptsValue(path: string, value: unknown, issues: IssueList): value is string {
  if (typeof value === 'string' && value.length <= limits.tagValueLength && value.isWellFormed()) return true;
  issues.add(path, kindOf(value), `a string of at most ${limits.tagValueLength} characters, well-formed Unicode`);
  return false;
}

function judged(verdict: TextVerdict, path: string, issues: IssueList): string | undefined {
  if (typeof verdict === 'string') return verdict;
  if (verdict !== DROPPED) issues.add(path, `what looks like a direct identifier (${verdict.refused})`, 'tags without direct identifiers');
  return undefined;
}

function freeKey(key: string, tags: readonly Tag[]): string {
  let free = key;
  for (let count = 2; tags.some(([taken]) => taken === free); count++) free = `${key}#${count}`;
  return free;
}
