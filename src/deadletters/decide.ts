import { queueTitles } from '../../queues/names.js';
import type { AnalyticsError } from '../errors/AnalyticsError.js';
import type { FailedJob } from './DeadLetter.js';
import type { DeadLetterContext } from './DeadLetterContext.js';
import { parseSelection, type DeadLetterSelection, type ParsedFilter } from './deadLetterOptions.js';
import { findFailed, unknownDeadLetter } from './findFailed.js';
import { encodePosition } from './position.js';
import { readDeadLetters } from './readDeadLetters.js';
import { walkFailed } from './walkFailed.js';

/** What became of a decision. */
export interface DecisionReport {
  /** Dead letters that it was carried out on. */
  readonly done: number;
  /** Of ids: those that are no dead letters, or no longer. */
  readonly refused: readonly { readonly id: string; readonly error: AnalyticsError }[];
  /** Of `all`: time was up; the same call with this cursor goes on. Absent when all are done. */
  readonly cursor?: string;
}

/** Carries a decision out. @returns those of the jobs that it found among the failed ones */
export type CarryOut = (jobs: readonly FailedJob[]) => Promise<readonly FailedJob[]>;

/** Jobs decided on at a time: few enough that a call ends within its time, enough that a round trip costs little. */
const AT_ONCE = 50;

/**
 * Carries out a decision on the selected dead letters. Safe to repeat: it finds only what is still among the failed ones.
 * @throws AnalyticsError `DEAD_LETTER_UNKNOWN` for a single id; ValidationError
 */
export async function decide(context: DeadLetterContext, selection: DeadLetterSelection, carryOut: CarryOut): Promise<DecisionReport> {
  const selected = parseSelection(selection);
  if (!('ids' in selected)) return decideOnAll(context, selected, carryOut);
  const ids = [...new Set(selected.ids)];
  const found = (await findFailed(context, ids)).filter((job) => job !== undefined);
  const done = new Set<string>();
  for (let start = 0; start < found.length; start += AT_ONCE) {
    for (const { id } of await carryOut(found.slice(start, start + AT_ONCE))) done.add(id);
  }
  const refused = ids.filter((id) => !done.has(id)).map((id) => ({ id, error: unknownDeadLetter() }));
  if (typeof selection === 'string' && refused[0] !== undefined) throw refused[0].error;
  return { done: done.size, refused };
}

async function decideOnAll(context: DeadLetterContext, { queue, reason, cursor }: ParsedFilter, carryOut: CarryOut): Promise<DecisionReport> {
  const until = performance.now() + (context.budgetMs ?? Infinity);
  let done = 0;
  let gathered: FailedJob[] = [];
  const carryOutGathered = async (): Promise<void> => {
    const wanted = reason === undefined ? gathered : (await readDeadLetters(context, gathered)).filter((letter) => letter.reason === reason);
    gathered = [];
    if (wanted.length > 0) done += (await carryOut(wanted)).length;
  };
  for await (const job of walkFailed(context, queue === undefined ? queueTitles : [queue], cursor)) {
    gathered.push(job);
    if (gathered.length < AT_ONCE) continue;
    await carryOutGathered();
    if (performance.now() > until) return { done, refused: [], cursor: encodePosition(job) };
  }
  await carryOutGathered();
  return { done, refused: [] };
}
