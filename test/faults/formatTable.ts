import { findingKinds } from './check/Findings.js';
import type { FaultsReport } from './run.js';

const BEGIN = '<!-- figures: npm run faults -- --markdown -->';
const END = '<!-- end of figures -->';

/** The report as Markdown: what was counted, then each row that struck alone, with the median and the worst of its recoveries. */
export function formatTable(report: FaultsReport): string {
  const { seed, faults, strikes, attempted, acknowledged, stored, recovered, samples, socketMessages, slowestCallMs } = report;
  const seconds = Math.round(strikes.reduce((sum, each) => Math.max(sum, each.at + each.seconds), 0));
  const rows = [...new Set(strikes.filter(({ rows: struck }) => struck.length === 1).map(({ rows: [row] }) => row!))].toSorted(); // of one
  return [
    `Seed ${seed}: ${whole(faults)} faults in ${whole(seconds)} s. ${whole(attempted)} events were tracked, ${whole(acknowledged)} acknowledged, ${whole(stored)} stored,`,
    `${whole(recovered)} of them without an answer; ${whole(samples.acknowledged)} samples acknowledged, ${whole(samples.stored)} stored; ${whole(socketMessages)} messages at sockets;`,
    `the slowest call took ${whole(slowestCallMs)} ms.`,
    '',
    `| ${findingKinds.join(' | ')} |`,
    `| ${findingKinds.map(() => '---').join(' | ')} |`,
    `| ${findingKinds.map((kind) => report[kind]).join(' | ')} |`,
    '',
    '| fault | strikes | recovery | median, ms | worst, ms | limit, ms |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.flatMap((row) => tableRows(row, report)),
  ].join('\n');
}

/** @throws when the text has no marks to put the table between */
export function putTable(text: string, table: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The file needs a line "${BEGIN}" and, below it, "${END}".`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`;
}

function tableRows(row: string, { strikes }: FaultsReport): string[] {
  const own = strikes.filter(({ rows }) => rows.length === 1 && rows[0] === row);
  const whats = [...new Set(own.flatMap(({ measures }) => measures.map(({ what }) => what)))];
  return whats.map((what, place) => {
    const measures = own.flatMap(({ measures: all }) => all.filter((measure) => measure.what === what));
    const sorted = measures.map(({ ms }) => ms ?? Infinity).toSorted((one, other) => one - other);
    const figures = [sorted[sorted.length >> 1]!, sorted.at(-1)!].map((ms) => (ms === Infinity ? 'never' : whole(ms))); // measured at least once
    const first = place === 0 ? [`\`${row}\``, String(own.length)] : ['', ''];
    return `| ${[...first, what, ...figures, whole(measures[0]!.most ?? 0)].join(' | ')} |`; // as above
  });
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}
