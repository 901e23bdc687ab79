import type { Finding } from '../audit/verify/Finding.js';
import type { FoundRecord } from '../audit/queries/searchChain.js';
import { printable } from './formatDeadLetters.js';
import { formatTable } from './formatTable.js';

const HEAD = ['time', 'actor', 'via', 'roles', 'operation', 'outcome', 'purpose', 'series', 'count', 'origin', 'reason', 'subjects'];

/** Prints records as a table, or a line of JSON for each. */
export function printRecords(records: readonly FoundRecord[], { json, headed }: { readonly json: true | undefined; readonly headed: boolean }): void {
  if (json === true) {
    for (const record of records) process.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  if (records.length === 0) return;
  const lines = formatTable(HEAD, records.map(row), ['count']);
  for (const line of headed ? lines : lines.slice(1)) process.stdout.write(`${line}\n`);
}

/** One sentence for a finding. */
export function findingLine(finding: Finding): string {
  return finding.kind === 'record'
    ? `Record ${finding.seq} of chain ${finding.chain} ${finding.problem}.`
    : `Line ${finding.line} of ${finding.file} ${finding.problem}.`;
}

function row({ at, actor, operation, outcome, purpose, series, count, origin, reason, subjects = [] }: FoundRecord): string[] {
  const who = subjects.length > 3 ? `${subjects.slice(0, 3).join(' ')} and ${subjects.length - 3} more` : subjects.join(' ');
  const texts = [actor.subject, actor.via, actor.roles.join(' '), operation, outcome, purpose, series ?? '', String(count ?? ''), origin ?? '', reason ?? '', who];
  return [new Date(at).toISOString(), ...texts.map(printable)];
}
