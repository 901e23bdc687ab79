import { eventIdAt } from '../../../codec/batchId.js';
import { AnalyticsError } from '../../../errors/AnalyticsError.js';
import { ValidationError } from '../../../errors/ValidationError.js';
import type { BatchOutcome } from '../../../producer/batch.js';
import type { NormalizedEvent } from '../../../producer/normalizeEvent.js';
import type { NormalizedMetric } from '../../../producer/normalizeMetric.js';
import { kindOf } from '../../../producer/validateIssues.js';
import { readMember } from '../../../producer/validateMember.js';
import type { ServiceLink } from './ServiceLink.js';

/** What became of one item of a bulk call that was refused, or whose outcome is unknown. */
export interface TrackFailure {
  readonly ok: false;
  readonly error: AnalyticsError;
}
export type TrackEventResult = { readonly ok: true; readonly id: string } | TrackFailure;
export type TrackMetricResult = { readonly ok: true } | TrackFailure;

/** The error that a call ends with, or undefined when the batch was acknowledged. */
type FailureOf = (outcome: BatchOutcome, id?: string) => AnalyticsError | undefined;

export interface TrackManyOptions<Given, Normalized> {
  readonly items: readonly Given[];
  readonly normalize: (item: Given) => Normalized;
  /** Called once what is sound is known; all of it fails if this does. */
  readonly open: () => Promise<ServiceLink>;
  readonly failureOf: FailureOf;
  /** For opening and sending together. */
  readonly deadlineMs: number;
}

const OPENED_AT_ONCE_MS = 50;
/** A call of so many samples gets batches of its own: a job's 100 µs, shared by all of them, are nothing then. */
const LEAST_OWN_BATCHES = 256;

/** @returns a result for each event, in order */
export async function trackManyEvents<Given>(options: TrackManyOptions<Given, NormalizedEvent>): Promise<TrackEventResult[]> {
  return trackMany(options, ({ events }, sound, settle) => {
    for (const [place, event] of sound.entries()) {
      events.add(event.priority, event, (delivery) => {
        // What was refused has no batch, and so no id but its own.
        const id = event.id ?? (delivery.outcome.kind === 'refused' ? '' : eventIdAt(delivery.batchId, delivery.place));
        const error = options.failureOf(delivery.outcome, id);
        settle(place, error === undefined ? { ok: true, id } : { ok: false, error });
      });
    }
  });
}

/** @returns a result for each sample, in order */
export async function trackManyMetrics<Given>(options: TrackManyOptions<Given, NormalizedMetric>): Promise<TrackMetricResult[]> {
  const resultOf = (outcome: BatchOutcome): TrackMetricResult => {
    const error = options.failureOf(outcome);
    return error === undefined ? { ok: true } : { ok: false, error };
  };
  return trackMany(options, ({ metrics }, sound, settle) => {
    if (sound.length < LEAST_OWN_BATCHES) {
      for (const [place, sample] of sound.entries()) metrics.add('metrics', sample, ({ outcome }) => settle(place, resultOf(outcome)));
      return;
    }
    metrics.addMany('metrics', sound, (from, count, outcome) => {
      for (let place = from; place < from + count; place += 1) settle(place, resultOf(outcome));
    });
  });
}

/** @param send hands over what is sound, and settles each by its place in that */
async function trackMany<Given, Normalized, Result>(
  { items, normalize, open, failureOf, deadlineMs }: TrackManyOptions<Given, Normalized>,
  send: (link: ServiceLink, sound: readonly Normalized[], settle: (place: number, result: Result | TrackFailure) => void) => void,
): Promise<(Result | TrackFailure)[]> {
  const results: (Result | TrackFailure)[] = [];
  const count = countOf(items);
  results.length = count;
  const sound: Normalized[] = [];
  const places: number[] = [];
  for (let place = 0; place < count; place += 1) {
    try {
      sound.push(normalize(readMember(items, place) as Given)); // whatever it is, that is what normalize looks at
      places.push(place);
    } catch (error) {
      results[place] = toFailure(error);
    }
  }
  if (sound.length === 0) return results;
  try {
    const endAt = performance.now() + deadlineMs;
    const link = await open();
    await new Promise<void>((resolve, reject) => {
      let left = sound.length;
      // The lane's own deadline began with what is sent now, and comes first unless the link took its time.
      const leftMs = endAt - performance.now();
      if (leftMs < deadlineMs - OPENED_AT_ONCE_MS) setTimeout(() => reject(failureOf({ kind: 'unknown' })!), Math.max(0, leftMs)).unref(); // unknown is a failure
      send(link, sound, (place, result) => {
        results[places[place]!] = result;
        left -= 1;
        if (left === 0) resolve();
      });
    });
  } catch (error) {
    const failure = toFailure(error);
    for (const place of places) results[place] ??= failure;
  }
  return results;
}

/** How many are given. @throws ValidationError where it is no array */
function countOf(items: unknown): number {
  try {
    if (Array.isArray(items)) return items.length;
  } catch {
    // A proxy that says nothing of itself.
  }
  throw new ValidationError('list', [{ path: 'items', given: kindOf(items), allowed: 'an array' }]);
}

function toFailure(error: unknown): TrackFailure {
  return { ok: false, error: error instanceof AnalyticsError ? error : new AnalyticsError('INTERNAL', 'The item was not sent.', { cause: error }) };
}
