import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';

import { Command, InvalidArgumentError, Option } from 'commander';

import { commandSubject } from '../access/commandSubject.js';
import { LEAST_PEOPLE, type DeidentifiedExportOptions } from '../export/exportPlan.js';
import { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';

const HELP = `
Members have to be declared public; with --internal those declared internal may be named too. Dates become years, ages over
89 become 90+, texts that are more than a term are left out, and so is every row that fewer than ${LEAST_PEOPLE} people share, with
what would give it away. Types that a law of its own protects are refused. It is recorded who exported what.

Reads from the environment what the worker reads: REDIS_URL, REDIS_PREFIX, the keys.

Examples:
  npm run -s export -- page_view --internal --field metadata.browser --field properties.cached > views.ndjson
  npm run export -- performance --internal --field properties.metric --time hourOfDay --format csv --out performance.csv`;

interface ExportOptions {
  readonly field: readonly string[];
  readonly internal?: boolean;
  readonly time: 'year' | 'hourOfDay' | 'none';
  readonly fromYear?: number;
  readonly toYear?: number;
  readonly minimum: number;
  readonly persons: boolean;
  readonly format: 'ndjson' | 'csv';
  readonly out?: string;
}

/** `export`: rows that tell of nobody, for analysts. */
export function createExportCommand(): Command {
  return new Command('export')
    .description('export events of a type without what could identify somebody')
    .argument('<type>', 'the event type')
    .option('--field <path>', 'a member, such as properties.channel; may be given several times', collect, [])
    .option('--internal', 'allow members that are declared internal')
    .addOption(new Option('--time <word>', 'what is told of the time').choices(['year', 'hourOfDay', 'none']).default('year'))
    .option('--from-year <year>', 'the first year', parseWhole)
    .option('--to-year <year>', 'the last year', parseWhole)
    .option('--minimum <people>', `leave out what fewer people share; at least ${LEAST_PEOPLE}`, parseWhole, LEAST_PEOPLE)
    .option('--no-persons', 'leave out the column that tells which rows are of one person')
    .addOption(new Option('--format <format>', 'NDJSON or CSV').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--out <file>', 'a file, readable by this user only (default: stdout)')
    .addHelpText('after', HELP)
    .action(async (type: string, { field, out, internal = false, ...options }: ExportOptions) => {
      await using service = new AnalyticsService();
      // The account that runs the command, as an analyst: whoever has the keys has more than that anyway.
      const analyst = service.as({ subject: commandSubject(), roles: ['analyst'], purpose: 'research' });
      const rows = await write(analyst.exportDeidentified({ type, fields: [...field], internal, ...options } satisfies DeidentifiedExportOptions), out);
      process.stderr.write(rows === 0 ? 'Nothing that enough people share.\n' : `${rows.toLocaleString('en-US')} rows.\n`);
    });
}

async function write(pieces: AsyncGenerator<string, number, undefined>, file: string | undefined): Promise<number> {
  // The first piece before the file: what is refused leaves none.
  let piece = await pieces.next();
  const target = file === undefined ? process.stdout : createWriteStream(file, { mode: 0o600 });
  for (; piece.done !== true; piece = await pieces.next()) if (!target.write(piece.value)) await once(target, 'drain');
  if (file !== undefined) {
    target.end();
    await finished(target);
  }
  return piece.value;
}

function collect(field: string, fields: readonly string[]): string[] {
  return [...fields, field];
}

function parseWhole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It has to be a whole number above 0.');
  return number;
}
