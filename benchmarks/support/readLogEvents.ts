import { createReplayRecords, type ReplayEvent } from '../../src/cli/createReplayRecords.js';
import { readAccessLog } from '../../src/cli/readAccessLog.js';

export interface RepeatOptions {
  readonly repetitions: number;
  /**
   * Whether a repetition begins only where the last one ended. Otherwise it begins earlier, if it has to for a million
   * events to fit into the 90 days that are kept by default; the hours of both then have the events of both.
   */
  readonly isAsLogged: boolean;
}

/** The events of a replay again and again, each time later. */
export interface RepeatedLog {
  /** Events of one time through. */
  readonly length: number;
  /** The event at a place, counted through all repetitions. */
  at(place: number): ReplayEvent;
}

const HOUR_MS = 3_600_000;
const KEPT_MS = 90 * 24 * HOUR_MS;
const FULL_STORE = 1_000_000;

/** The events that replays of `file` send, one after the other; the last one ends with the last full hour. */
export async function readLogEvents(file: string, { repetitions, isAsLogged }: RepeatOptions): Promise<RepeatedLog> {
  const { requests } = await readAccessLog(file);
  const times = requests.map(({ timeMs }) => timeMs);
  const latest = times.reduce((most, time) => Math.max(most, time), -Infinity);
  const earliest = times.reduce((least, time) => Math.min(least, time), Infinity);
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const events = requests.map(createReplayRecords(end - latest - 1)).flatMap((records) => records.events);

  // Whole hours, so that the events of one hour stay together.
  const span = Math.ceil((latest + 1 - earliest) / HOUR_MS);
  const fitting = Math.max(1, Math.floor((KEPT_MS * events.length) / FULL_STORE / HOUR_MS));
  const every = (isAsLogged ? span : Math.min(span, fitting)) * HOUR_MS;
  return {
    length: events.length,
    at(place) {
      const event = events[place % events.length];
      if (event === undefined) throw new RangeError('The log holds no request.');
      const left = repetitions - 1 - Math.floor(place / events.length);
      return { ...event, timestamp: event.timestamp - left * every };
    },
  };
}
