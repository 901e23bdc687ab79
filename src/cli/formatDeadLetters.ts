import type { DeadLetter } from '../deadletters/DeadLetter.js';
import type { DroppedLetter } from '../deadletters/droppedRecord.js';
import { formatTable } from './formatTable.js';

/** Column → what stands in it. */
type Line = Readonly<Record<string, string>>;

const NUMBERS = ['attempts', 'starts', 'priority', 'items', 'bytes'];

export function letterLine({ id, queue, failedAt, reason, attempts, starts, priority, events, samples, bytes }: DeadLetter): Line {
  return {
    id,
    queue,
    'given up': timeOf(failedAt),
    code: reason,
    attempts: String(attempts),
    starts: String(starts),
    priority: String(priority),
    items: String(events ?? samples ?? ''),
    bytes: String(bytes),
  };
}

export function dropLine({ id, queue, code, items, droppedAt, actor, reason }: DroppedLetter): Line {
  return { id, queue, code, items: String(items), dropped: timeOf(droppedAt), by: actor, why: reason };
}

/** Prints them as a table, or a line of JSON for each. */
export function printRows<Row extends object>(rows: readonly Row[], lineOf: (row: Row) => Line, { json, headed }: { readonly json: true | undefined; readonly headed: boolean }): void {
  if (json === true) {
    for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    return;
  }
  const lines = rows.map(lineOf);
  const head = Object.keys(lines[0] ?? {});
  if (head.length === 0) return;
  const table = formatTable(head, lines.map((line) => head.map((column) => printable(line[column] ?? ''))), NUMBERS);
  process.stdout.write(`${(headed ? table : table.slice(1)).join('\n')}\n`);
}

function timeOf(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? '?' : time.toISOString().replace('T', ' ').slice(0, 19);
}

/** An id may be anything that somebody put into Redis: nothing of it may steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Z}]/gu, (character) => (character === ' ' ? ' ' : '?'));
}
