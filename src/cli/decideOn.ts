import type { QueueTitle } from '../../queues/names.js';
import type { DeadLetters } from '../deadletters/createDeadLetters.js';
import type { DeadLetterSelection } from '../deadletters/deadLetterOptions.js';
import type { DecisionReport } from '../deadletters/decide.js';
import type { FailureCode } from '../deadletters/failureCode.js';
import { printable } from './formatDeadLetters.js';
import { openBar } from './openBar.js';

/** Which dead letters a command is about. */
export interface SelectionOptions {
  readonly queue?: QueueTitle;
  readonly code?: FailureCode;
  readonly all?: true;
  readonly json?: true;
}

const IDS_AT_ONCE = 500;

/**
 * Carries a decision out, call by call, with a bar for many.
 * @returns the command's exit code: 1 when an id was no dead letter
 */
export async function decideOn(
  letters: DeadLetters,
  ids: readonly string[],
  { queue, code, all, json }: SelectionOptions,
  word: 'retried' | 'dropped',
  decide: (selection: DeadLetterSelection) => Promise<DecisionReport>,
): Promise<number> {
  const total = all === true ? await countOf(letters, queue, code) : ids.length;
  const bar = json === true ? undefined : openBar(word === 'retried' ? 'Retrying' : 'Dropping', total);
  const refused: string[] = [];
  let done = 0;
  const take = async (selection: DeadLetterSelection): Promise<string | undefined> => {
    const report = await decide(selection);
    done += report.done;
    refused.push(...report.refused.map(({ id }) => id));
    bar?.update(Math.min(done, total));
    return report.cursor;
  };
  try {
    for (let start = 0; start < ids.length; start += IDS_AT_ONCE) await take(ids.slice(start, start + IDS_AT_ONCE));
    if (all === true) {
      const filter = { all, ...(queue !== undefined && { queue }), ...(code !== undefined && { reason: code }) };
      for (let cursor = await take(filter); cursor !== undefined; ) cursor = await take({ ...filter, cursor });
    }
  } finally {
    bar?.stop();
  }
  if (json === true) process.stdout.write(`${JSON.stringify({ [word]: done, refused })}\n`);
  else {
    process.stdout.write(`${done} ${word}.\n`);
    for (const id of refused) process.stderr.write(`${printable(id)} is no dead letter, or no longer.\n`);
  }
  return refused.length === 0 ? 0 : 1;
}

/** For the bar: where there are very many, those that were counted. */
async function countOf(letters: DeadLetters, queue: QueueTitle | undefined, code: FailureCode | undefined): Promise<number> {
  const { counts, total } = await letters.count();
  if (queue === undefined && code === undefined) return total;
  return counts.reduce((sum, one) => ((queue ?? one.queue) === one.queue && (code ?? one.reason) === one.reason ? sum + one.count : sum), 0);
}
