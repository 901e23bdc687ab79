import type { z } from 'zod';

import { ValidationError, type FieldIssue } from '../errors/ValidationError.js';
import { kindOf, pathOf } from '../producer/validateIssues.js';

/**
 * Parses a query's options.
 * @param allowed what may stand in each field, in words
 * @throws ValidationError with every bad field, and no word of what was given
 */
export function parseOptions<Schema extends z.ZodType>(
  subject: string,
  schema: Schema,
  options: unknown,
  allowed: Readonly<Record<string, string>>,
): z.output<Schema> {
  let issues: FieldIssue[];
  try {
    const parsed = schema.safeParse(options);
    if (parsed.success) return parsed.data;
    issues = parsed.error.issues.flatMap((issue) => describe(issue, options, allowed));
  } catch {
    // A getter that throws, or a trap of a proxy: what it threw may be anything, and a service would take it for Redis being away.
    issues = [{ path: 'options', given: 'what cannot be read', allowed: 'a plain object' }];
  }
  throw new ValidationError(subject, issues);
}

function describe(issue: z.core.$ZodIssue, options: unknown, allowed: Readonly<Record<string, string>>): FieldIssue[] {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return issue.keys.map((key) => ({ path: pathOf([key]), given: 'an unknown field', allowed: Object.keys(allowed).join(', ') }));
  }
  const [field] = issue.path;
  if (typeof field !== 'string') return [{ path: 'options', given: kindOf(options), allowed: 'a plain object' }];
  const value: unknown = Reflect.get(options as object, field); // it has a field, so it is an object
  return [{ path: pathOf([field]), given: value === undefined ? 'nothing' : kindOf(value), allowed: allowed[field] ?? 'nothing' }];
}
