import type { Measurement } from './measure.js';

export const BEGIN = '<!-- figures: npm run detectors -- --markdown -->';
export const END = '<!-- end of figures -->';

/** The tables of docs/guard.md. The same every time: all of it is drawn from a seed. */
export function formatMeasurement({ rows, byDisguise, benign, falsePositives }: Measurement): string {
  const share = (found: number, of: number): string => `${((100 * found) / of).toFixed(1)} %`;
  return [
    BEGIN,
    '',
    '| class of 164.514(b)(2)(i) | fixtures | found | recall |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ letter, title, fixtures, found }) => `| (${letter}) ${title} | ${fixtures} | ${found} | ${share(found, fixtures)} |`),
    '',
    '| disguise | fixtures | recall |',
    '| --- | --- | --- |',
    ...Object.entries(byDisguise)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, { fixtures, found }]) => `| ${name} | ${fixtures} | ${share(found, fixtures)} |`),
    '',
    `False positives: ${falsePositives.length} of ${benign} texts of nobody (${share(falsePositives.length, benign)}).`,
    '',
    END,
  ].join('\n');
}
