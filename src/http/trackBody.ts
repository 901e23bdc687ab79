import { ValidationError } from '../errors/ValidationError.js';
import type { TrackFailure } from '../lib/services/analytics/trackMany.js';
import { problemOf } from './problemOf.js';
import { MOST_ITEMS } from './schemas.js';

export interface Tracked {
  /** 202 where all was taken, 207 where some of it was. */
  readonly status: 202 | 207;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: unknown;
}

type Result = { readonly ok: true; readonly id?: string } | TrackFailure;

/**
 * Tracks an item, or each of an array.
 * @throws of one item whatever its call throws; of many ValidationError for none or too many, and the first one's error where
 *   none was taken for what lies outside of them, such as a full Redis
 */
export async function trackBody(body: unknown, one: (item: unknown) => Promise<object>, many: (items: readonly unknown[]) => Promise<readonly Result[]>): Promise<Tracked> {
  if (!Array.isArray(body)) return { status: 202, headers: {}, answer: await one(body) };
  if (body.length === 0 || body.length > MOST_ITEMS) {
    throw new ValidationError('request', [{ path: 'items', given: `array of ${body.length} items`, allowed: `1 to ${MOST_ITEMS} items` }]);
  }
  const results = await many(body);
  const failures = results.filter((result): result is TrackFailure => !result.ok);
  const outer = failures.find(({ error }) => error.code !== 'VALIDATION_FAILED')?.error;
  // A deadline leaves each item's outcome open by itself: their ids are needed.
  if (outer !== undefined && outer.code !== 'DEADLINE_EXCEEDED' && failures.length === results.length && failures.every(({ error }) => error.code === outer.code)) throw outer;
  return {
    status: failures.length === 0 ? 202 : 207,
    headers: outer === undefined ? {} : pick(problemOf(outer).headers, 'Retry-After'),
    answer: { results: results.map((result) => (result.ok ? result : { ok: false, error: problemOf(result.error).refusal })) },
  };
}

function pick(headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  const value = headers[name];
  return value === undefined ? {} : { [name]: value };
}
