import { queueTitles } from '../../queues/names.js';
import type { DeadLetter, FailedJob } from './DeadLetter.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import { parseList, type ListDeadLettersOptions } from './deadLetterOptions.js';
import { encodePosition } from './position.js';
import { readDeadLetters } from './readDeadLetters.js';
import { walkFailed } from './walkFailed.js';

export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetter[];
  /** Goes on after the last one; absent at the end. A page may be shorter than `limit`, and even empty, and still have one. */
  readonly cursor?: string;
}

/** Jobs that a page with a filter looks at, at most: 10,000 take 0.3 s of this process's time. */
const MOST_LOOKED_AT = 10_000;
const READ_AT_ONCE = 200;

/**
 * The dead letters, latest first. One that is there while all pages are read is on exactly one of them.
 * @throws ValidationError
 */
export async function listDeadLetters(context: Pick<DeadLetterContext, 'redis' | 'queues'>, options: ListDeadLettersOptions = {}): Promise<DeadLetterPage> {
  const { queue, reason, cursor, limit } = parseList(options);
  const atOnce = reason === undefined ? Math.min(limit + 1, READ_AT_ONCE) : READ_AT_ONCE;
  const deadLetters: DeadLetter[] = [];
  let lookedAt = 0;
  let gathered: FailedJob[] = [];
  let last: FailedJob | undefined;

  /** @returns whether the page is full; `last` is then the last job that it tells of */
  const take = async (): Promise<boolean> => {
    for (const letter of await readDeadLetters(context, gathered)) {
      if (deadLetters.length === limit) return true;
      last = letter;
      if (reason === undefined || letter.reason === reason) deadLetters.push(letter);
    }
    lookedAt += gathered.length;
    gathered = [];
    return lookedAt >= MOST_LOOKED_AT;
  };
  for await (const job of walkFailed(context, queue === undefined ? queueTitles : [queue], cursor)) {
    gathered.push(job);
    if (gathered.length === atOnce && (await take())) return { deadLetters, ...(last !== undefined && { cursor: encodePosition(last) }) };
  }
  const isFull = await take();
  return { deadLetters, ...(isFull && last !== undefined && { cursor: encodePosition(last) }) };
}
