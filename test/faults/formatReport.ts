import { findingKinds } from './check/Findings.js';
import type { FaultsReport } from './run.js';
import type { StrikeReport } from './strike.js';

/** What a run came to, for people. */
export function formatReport(report: FaultsReport): string {
  const { seed, faults, attempted, acknowledged, stored, recovered, exempt, samples, socketMessages, slowestCallMs, refusals } = report;
  const lines = [
    '',
    `seed ${seed}: ${faults} faults, ${attempted} events attempted, ${acknowledged} acknowledged, ${stored} stored, ${recovered} recovered, ${exempt} about to expire`,
    `${samples.acknowledged} samples acknowledged, ${samples.stored} stored, ${samples.recovered} recovered; ${socketMessages} messages at sockets; slowest call ${slowestCallMs} ms`,
    `refusals: ${Object.entries(refusals).map(([code, count]) => `${code} ${count}`).join(', ') || 'none'}`,
    `most log lines within a second: ${Object.entries(report.logLines).map(([name, count]) => `${name} ${count}`).join(', ')}`,
    ...Object.entries(report.unasked).map(([name, ends]) => `${name} ended by itself ${ends.length} times: ${ends[0]}`),
    ...Object.entries(report.skipped).map(([row, why]) => `skipped ${row}: ${why}`),
    '',
    findingKinds.map((kind) => `${kind} ${report[kind]}`).join(', '),
    ...findingKinds.flatMap((kind) => (report.problems[kind] ?? []).slice(0, 10).map(({ id, what }) => `  ${kind}: ${id}: ${what}`)),
    '',
    ...rowLines(report),
    '',
    report.pass ? 'Everything held.' : `Something did not hold. Again: npm run faults -- --seed ${seed} ${report.minutes === undefined ? '--once' : `--minutes ${report.minutes}`}`,
    '',
  ];
  return lines.join('\n');
}

/** For each row how often it struck, whether all held, and the longest that each recovery took. */
function rowLines({ strikes }: FaultsReport): string[] {
  const nameOf = ({ rows }: StrikeReport): string => rows.join(' + ');
  return [...new Set(strikes.map(nameOf))].toSorted().map((row) => {
    const own = strikes.filter((strike) => nameOf(strike) === row);
    const whats = [...new Set(own.flatMap(({ measures }) => measures.map(({ what }) => what)))];
    const worst = whats.map((what) => {
      const all = own.flatMap(({ measures }) => measures.filter((measure) => measure.what === what).map(({ ms }) => ms ?? Infinity));
      const longest = Math.max(...all);
      return `${what} ${longest === Infinity ? 'never' : `in ${longest} ms`}`;
    });
    return `${own.every(({ pass }) => pass) ? 'ok  ' : 'FAIL'} ${row.padEnd(24)} ${String(own.length).padStart(3)} ×  ${worst.join('; ')}`;
  });
}
