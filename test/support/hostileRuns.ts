/**
 * The properties about hostile input: how often each is tried in a run of all tests, and its part when HOSTILE_CASES asks for
 * so many cases of all together. The parts follow what one costs: a socket or a request takes some milliseconds, a
 * validation a tenth of one.
 */
const properties = {
  trackEvent: { usual: 5_000, part: 0.3 },
  trackMetric: { usual: 3_000, part: 0.15 },
  notFinite: { usual: 1_000, part: 0.15 },
  filters: { usual: 300, part: 0.1 },
  eventQueries: { usual: 500, part: 0.05 },
  aggregations: { usual: 300, part: 0.05 },
  calls: { usual: 400, part: 0.018 },
  jsonTexts: { usual: 3_000, part: 0.1 },
  jsonBytes: { usual: 1_000, part: 0.08 },
  bodies: { usual: 60, part: 0.001 },
  frames: { usual: 60, part: 0.001 },
} as const;

/** What a property may take that waits for an answer each time, ms. */
export const HOSTILE_MS = process.env['HOSTILE_CASES'] === undefined ? 60_000 : 600_000;

export function hostileRuns(property: keyof typeof properties): number {
  const { usual, part } = properties[property];
  const all = process.env['HOSTILE_CASES'];
  return all === undefined ? usual : Math.ceil(Number(all) * part);
}
