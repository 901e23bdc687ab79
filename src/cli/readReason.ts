import type { Readable } from 'node:stream';

import { ValidationError } from '../errors/ValidationError.js';
import { readLines, readSecretLine } from './readSecretLine.js';

/** What stands for the standard input. */
const INPUT = '-';

/** Behind what `--reason` is for, in the help of every command that takes one. */
export const REASON_FROM_INPUT = '"-", as it should be where it may tell of a person: from the standard input, since arguments can be read by others on the host';

/** Why something is done, as the argument says, or the first line of the standard input. @throws ValidationError when there is no line */
export async function readReason(given: string, input: Readable = process.stdin): Promise<string> {
  return given === INPUT ? readSecretLine(input, 'Reason: ') : given;
}

/**
 * Who it is about and why. With a reason from the standard input the first line there is the user id, and the others are the
 * reason; without, all of it is the user id.
 * @throws ValidationError when there is no reason
 */
export async function readWhoAndWhy(given: string, readWho: () => Promise<string>, input: Readable = process.stdin): Promise<{ readonly userId: string; readonly reason: string }> {
  if (given !== INPUT) return { userId: await readWho(), reason: given };
  const [userId = '', ...lines] = await readLines(input);
  if (lines.length === 0) throw new ValidationError('command', [{ path: 'stdin', given: 'no reason', allowed: 'the user id in the first line, and the reason in the next' }]);
  return { userId, reason: lines.join('\n') };
}
