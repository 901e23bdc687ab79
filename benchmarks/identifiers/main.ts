import { Command } from 'commander';

import { formatMeasurement } from './formatMeasurement.js';
import { measure } from './measure.js';
import { measureCost } from './measureCost.js';

interface Options {
  readonly markdown: boolean;
  readonly seed: string;
  readonly misses: boolean;
}

const program = new Command('detectors')
  .description('What the guard finds of fixtures in the 18 classes of 164.514(b)(2)(i), what it takes for an identifier that is none, and what it costs.')
  .option('--markdown', 'only the tables, as docs/guard.md has them', false)
  .option('--seed <number>', 'other fixtures', '1')
  .option('--misses', 'shows what was not found; fixtures are made up, nobody is in them', false)
  .action(({ markdown, seed, misses }: Options) => {
    const measurement = measure({ seed: Number(seed) });
    console.log(formatMeasurement(measurement));
    if (misses) for (const { missed } of measurement.rows) for (const { letter, disguise, key, text } of missed) console.log([letter, disguise, key, text].join('\t'));
    if (markdown) return;
    for (const { what, micros } of measureCost()) console.log(`${what}: ${micros.toFixed(2)} µs of processor time`);
  });
program.parse();
