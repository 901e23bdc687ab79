import { limits } from '../contract/limits.js';
import { type IssueList, kindOf } from './validateIssues.js';

/** A text of 1 to `maxLength` characters. @returns undefined if it was not given or is refused */
export function optionalText(path: string, value: unknown, maxLength: number, issues: IssueList): string | undefined {
  return value === undefined ? undefined : requiredText(path, value, maxLength, issues);
}

/** @returns '' if it is refused */
export function requiredText(path: string, value: unknown, maxLength: number, issues: IssueList): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxLength && value.isWellFormed()) return value;
  issues.add(path, kindOf(value), `a string of 1 to ${maxLength} characters, well-formed Unicode`);
  return '';
}

/** @returns whole milliseconds since 1970; fractions are cut off, as clocks such as `performance.now()` have them */
export function checkTime(path: string, value: unknown, now: number, issues: IssueList): number {
  if (typeof value === 'number') {
    const time = Math.floor(value) + 0;
    if (time >= 0 && time <= now + limits.aheadMs) return time;
  }
  const given = typeof value === 'number' && value > now ? 'a time too far ahead' : kindOf(value);
  issues.add(path, given, `milliseconds since 1970 (a number), at most ${limits.aheadMs / 3_600_000} hours ahead`);
  return 0;
}
