import { AnalyticsError } from './AnalyticsError.js';

/** The environment or the options cannot be used. `problems` lists all of them, one sentence each. */
export class ConfigurationError extends AnalyticsError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('CONFIGURATION_INVALID', `The configuration cannot be used:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
    this.problems = problems;
  }
}
