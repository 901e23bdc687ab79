import type { Readable } from 'node:stream';

import { parseConfig } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { readSecretLine } from './readSecretLine.js';

/**
 * The id of a person that a command is about. Nothing, or `-`, stands for the first line of the standard input; in
 * production nothing else will do, since arguments of a process can be read by others on the host.
 *
 * @throws ConfigurationError for an argument in production; ValidationError when there is no line
 */
export async function readPerson(given: string | undefined, input: Readable = process.stdin): Promise<string> {
  if (given === undefined || given === '-') return readSecretLine(input, 'User id: ');
  if (parseConfig().isProduction) throw new ConfigurationError(['In production a user id is read from the standard input, and not taken as an argument: arguments can be read by others on the host.']);
  return given;
}
