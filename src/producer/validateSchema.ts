import type { z } from 'zod';
import type { PropertiesSchema } from '../contract/eventTypes.js';
import type { JsonObject } from '../contract/json.js';
import { type IssueList, pathOf, type Step } from './validateIssues.js';

/** Runs a type's schema over a copy of `properties`. @returns what the schema made of it; undefined if it was refused */
export function applySchema(schema: PropertiesSchema, properties: JsonObject, issues: IssueList): object | undefined {
  let result: z.ZodSafeParseResult<object>;
  try {
    result = schema.safeParse(properties);
  } catch {
    // An asynchronous part, or a refinement of the application's that threw.
    issues.add('properties', 'data that the schema of its type could not be run on', 'a synchronous schema that does not throw');
    return undefined;
  }
  if (result.success) return result.data;
  for (const issue of result.error.issues) addSchemaIssue(issue, issues);
  return undefined;
}

/** Words an issue from the schema's side alone: zod's own messages may hold what was given. */
function addSchemaIssue(issue: z.core.$ZodIssue, issues: IssueList): void {
  const path = pathOf(['properties', ...issue.path.map((step): Step => (typeof step === 'symbol' ? 'symbol' : step))]);
  switch (issue.code) {
    case 'invalid_type':
      return issues.add(path, 'another type or nothing', `${issue.expected}`);
    case 'too_small':
      return issues.add(path, 'too little', `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`);
    case 'too_big':
      return issues.add(path, 'too much', `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`);
    case 'invalid_format':
      return issues.add(path, 'another format', `the format ${issue.format}`);
    case 'not_multiple_of':
      return issues.add(path, 'another number', `multiples of ${issue.divisor}`);
    case 'invalid_value':
      return issues.add(path, 'another value', issue.values.map(String).join(', '));
    case 'unrecognized_keys':
      return issues.add(path, `${issue.keys.length} undeclared keys`, 'the keys that the schema of its type declares');
    default:
      return issues.add(path, 'data that does not fit', 'what the schema of its type allows');
  }
}
