import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { ValidationError } from '../errors/ValidationError.js';

/** The first line of the input; asked for where that is a terminal. @throws ValidationError when there is none */
export async function readSecretLine(input: Readable, question: string): Promise<string> {
  if ('isTTY' in input && input.isTTY === true) process.stderr.write(question);
  for await (const line of linesOf(input)) {
    if (line !== '') return line;
  }
  throw new ValidationError('command', [{ path: 'stdin', given: 'nothing', allowed: 'a line' }]);
}

/** Every line of the input that is not empty. */
export async function readLines(input: Readable): Promise<string[]> {
  const all: string[] = [];
  for await (const line of linesOf(input)) if (line !== '') all.push(line);
  return all;
}

function linesOf(input: Readable): AsyncIterable<string> {
  return createInterface({ input, crlfDelay: Infinity, terminal: false });
}
