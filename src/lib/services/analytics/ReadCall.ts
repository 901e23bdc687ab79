import type { Operation } from '../../../contract/access.js';
import { isPlainObject } from '../../../producer/validateIssues.js';
import { readMember } from '../../../producer/validateMember.js';

/** A call that reads, as it is decided on and recorded. */
export interface ReadCall<Answer> {
  /** The method, for errors. */
  readonly name: string;
  readonly operation: Operation;
  /** The event type or the metric that it is about. */
  readonly series: string | undefined;
  /** How many events, counts, samples or names an answer holds. */
  readonly countOf: (answer: Answer) => number;
  /** Whether an answer is one page of events: it is recorded while they are taken apart. */
  readonly givesPage?: boolean;
  /** Whether whole events are read, since what is made of them, and not they, is given out. */
  readonly isWhole?: boolean;
}

export function eventCall<Answer>(name: string, options: unknown, countOf: (answer: Answer) => number): ReadCall<Answer> {
  return { name, operation: 'events.read', series: textAt(options, 'type'), countOf, givesPage: true };
}

export function countCall<Answer>(name: string, options: unknown, countOf: (answer: Answer) => number): ReadCall<Answer> {
  return { name, operation: name === 'countUsers' ? 'users.count' : 'events.count', series: textAt(options, 'type'), countOf };
}

export function metricCall<Answer>(name: string, options: unknown, countOf: (answer: Answer) => number): ReadCall<Answer> {
  return { name, operation: 'metrics.read', series: textAt(options, 'name'), countOf };
}

/** What is given out of it is known at the end only. */
export function exportCall<Answer>(options: unknown, countOf: (answer: Answer) => number): ReadCall<Answer> {
  return { name: 'exportDeidentified', operation: 'export.deidentified', series: textAt(options, 'type'), countOf, isWhole: true };
}

/** The query checks its options itself; until then they may be anything. */
function textAt(options: unknown, key: string): string | undefined {
  try {
    if (typeof options !== 'object' || options === null || !isPlainObject(options)) return undefined;
    const value = readMember(options, key);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined; // a trap of a proxy
  }
}
