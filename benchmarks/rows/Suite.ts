import type { Row } from './Row.js';

/** Rows that are measured together, since they need the same things running or the same peer. */
export interface Suite {
  readonly ids: readonly string[];
  /** @returns the rows of `wanted` that this suite has */
  run(context: SuiteContext): Promise<Row[]>;
}

export interface SuiteContext {
  /** Ids of the rows to measure. */
  readonly wanted: ReadonlySet<string>;
  /** Small numbers, to see that everything works; its figures mean nothing. */
  readonly isQuick: boolean;
  /** Measures with less and with more stored as well, where that can matter. */
  readonly isGrowth: boolean;
  /** How often each contestant runs. */
  readonly rounds: number;
  /** An access log whose replay the memory is measured with. */
  readonly logFile: string;
  /** Tells what is going on. */
  readonly say: (line: string) => void;
}
