import { createReplayRecords, type ReplayEvent } from '../../src/cli/createReplayRecords.js';
import { readAccessLog } from '../../src/cli/readAccessLog.js';

const HOUR_MS = 3_600_000;

/** The events of a replay again and again, each time later. */
export interface RepeatedLog {
  /** Events of one time through. */
  readonly length: number;
  /** The event at a place, counted through all repetitions. */
  at(place: number): ReplayEvent;
}

/**
 * The events that replays of `file` send, one replay after the other: each begins in the hour after the last one's end, and
 * the end of the last is the last full hour.
 */
export async function readLogEvents(file: string, repetitions = 1): Promise<RepeatedLog> {
  const { requests } = await readAccessLog(file);
  const times = requests.map(({ timeMs }) => timeMs);
  const latest = times.reduce((most, time) => Math.max(most, time), -Infinity);
  const earliest = times.reduce((least, time) => Math.min(least, time), Infinity);
  // Whole hours, so that a repetition has as many events in each of its hours as the log has.
  const every = Math.ceil((latest + 1 - earliest) / HOUR_MS) * HOUR_MS;
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const events = requests.map(createReplayRecords(end - latest - 1)).flatMap((records) => records.events);
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
