import { AnalyticsError } from './AnalyticsError.js';

/** One field that was refused. */
export interface FieldIssue {
  /** Where it is, such as `properties.page` or `tags`. */
  readonly path: string;
  /** What was given, by kind and never by value: `string of 40,000 characters`, `NaN`, `undefined`. */
  readonly given: string;
  /** What is allowed there. */
  readonly allowed: string;
}

/** The input was refused and nothing was sent. `issues` has every bad field, not only the first. */
export class ValidationError extends AnalyticsError {
  readonly issues: readonly FieldIssue[];

  constructor(subject: string, issues: readonly FieldIssue[]) {
    const lines = issues.map((issue) => `${issue.path}: ${issue.given} given, ${issue.allowed} allowed`);
    super('VALIDATION_FAILED', `This ${subject} was refused. ${lines.join('; ')}.`);
    this.issues = issues;
  }
}
