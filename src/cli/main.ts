#!/usr/bin/env node
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { createProgram } from './createProgram.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  // Errors of the service say what to do; of any other the place is what helps.
  const isKnown = error instanceof AnalyticsError || isFileError(error);
  process.stderr.write(`${error instanceof Error ? (isKnown ? error.message : error.stack) : String(error)}\n`);
  process.exitCode = 1;
}

/** A file that is not there, or may not be read. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'path' in error && 'code' in error;
}
