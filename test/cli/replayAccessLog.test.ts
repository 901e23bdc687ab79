import { describe, expect, test } from '@jest/globals';

import { createReplayRecords, type ReplayEvent, type ReplaySample } from '../../src/cli/createReplayRecords.js';
import { formatReplayReport, isComplete } from '../../src/cli/formatReplayReport.js';
import { parseAccessLogLine, type AccessLogRequest } from '../../src/cli/parseAccessLogLine.js';
import { replayAccessLog, type ReplayReport } from '../../src/cli/replayAccessLog.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { EventType } from '../../src/contract/EventType.js';
import type { Event } from '../../src/contract/event.js';
import { DeadlineError } from '../../src/errors/DeadlineError.js';
import { ValidationError } from '../../src/errors/ValidationError.js';

const statuses = [200, 200, 304, 404, 500];

function logOf(count: number): AccessLogRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const minute = String(index % 60).padStart(2, '0');
    const hour = String(10 + Math.floor(index / 60)).padStart(2, '0');
    const request = parseAccessLogLine(
      `10.0.0.${index % 7} - - [17/May/2015:${hour}:${minute}:00 +0000] "GET /page/${index % 11} HTTP/1.1" ` +
        `${statuses[index % statuses.length]} ${index} "-" "Agent ${index % 3}"`,
    );
    if (request === undefined) throw new Error('The line should parse.');
    return request;
  });
}

interface Faults {
  /** What becomes of an event on its way into the store. */
  readonly store?: (event: Event, index: number) => Event[];
  readonly refuse?: (index: number) => Error | undefined;
}

/** A store in memory behind the methods that a replay uses. */
function createFakeService({ store = (event) => [event], refuse = () => undefined }: Faults = {}) {
  const events: Event[] = [];
  const samples: ReplaySample[] = [];
  let open = 0;
  let mostOpen = 0;
  let tracked = 0;
  async function answer<T>(result: () => T): Promise<T> {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    await new Promise((resolve) => setImmediate(resolve));
    open -= 1;
    return result();
  }
  return {
    events,
    samples,
    mostOpen: () => mostOpen,
    service: {
      trackEvent: (event: ReplayEvent) =>
        answer(() => {
          const index = tracked;
          tracked += 1;
          const refusal = refuse(index);
          const id = `event-${index}`;
          if (refusal !== undefined && !(refusal instanceof DeadlineError)) throw refusal;
          events.push(...store({ ...event, id }, index));
          if (refusal !== undefined) throw new DeadlineError('trackEvent', 100, id);
          return id;
        }),
      trackMetric: (sample: ReplaySample) => answer(() => void samples.push(sample)),
      flush: async () => undefined,
      getEvents: async (query: { type: string; startTime: number; endTime: number; limit: number; offset: number }) =>
        events
          .filter(({ type, timestamp }) => type === query.type && timestamp >= query.startTime && timestamp <= query.endTime)
          .slice(query.offset, query.offset + query.limit),
      getMetrics: async (query: { startTime: number; endTime: number }) =>
        samples.filter(({ timestamp }) => timestamp >= query.startTime && timestamp <= query.endTime),
    },
  };
}

const watch = { read: async () => ({ stored: 0, unfinished: 0, failed: 0, workers: 1 }), close: async () => undefined };
const silent = { onPhase: () => undefined, onProgress: () => undefined, onNoWorker: () => undefined };

async function replay(fake: ReturnType<typeof createFakeService>, count: number, keepTimes = false): Promise<ReplayReport> {
  const options = { perSecond: Infinity, keepTimes };
  // The fake has what the replay uses of the service, with looser types.
  return replayAccessLog(fake.service as never, watch, logOf(count), (event) => event, options, silent);
}

describe('replayAccessLog', () => {
  test('sends each request once, each error besides, and reads all of it back', async () => {
    const fake = createFakeService();
    const report = await replay(fake, 500);
    expect(report).toMatchObject({ sent: 700, events: { stored: 700, duplicates: 0, missing: [] } });
    expect(report.samples).toEqual({ sent: 500, stored: 500, duplicates: 0, missing: 0 });
    expect(isComplete(report)).toBe(true);
    expect(formatReplayReport(report)[0]).toMatch(/^sent 700, stored 700, duplicates 0, missing 0, \d+ events\/s$/);
  });

  test('moves the times so that the last request is now, and keeps their distances', async () => {
    const fake = createFakeService();
    const before = Date.now();
    await replay(fake, 100);
    const times = fake.events.map(({ timestamp }) => timestamp);
    expect(Math.max(...times)).toBeGreaterThanOrEqual(before);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
    expect(Math.max(...times) - Math.min(...times)).toBe(99 * 60_000);
  });

  test('keeps the times when told to', async () => {
    const fake = createFakeService();
    await replay(fake, 10, true);
    expect(Math.min(...fake.events.map(({ timestamp }) => timestamp))).toBe(Date.UTC(2015, 4, 17, 10));
  });

  test('has 1,000 calls in flight at most', async () => {
    const fake = createFakeService();
    await replay(fake, 840);
    expect(fake.mostOpen()).toBe(1000);
  });

  test('finds what is missing, double or changed', async () => {
    const fake = createFakeService({
      store: (event, index) => {
        if (index === 3) return [];
        if (index === 5) return [event, event];
        if (index === 8) return [{ ...event, properties: { ...event.properties, page: '/elsewhere' } }];
        if (index === 9) return [{ ...event, timestamp: event.timestamp + 1 }];
        return [event];
      },
    });
    const report = await replay(fake, 100);
    expect(report.events).toMatchObject({ missing: ['event-3'], duplicates: 1 });
    expect(Object.fromEntries(report.events.different)).toEqual({
      'event-8': ['properties'],
      'event-9': ['timestamp'],
    });
    expect(isComplete(report)).toBe(false);
  });

  test('counts refused calls by code, and an unanswered one as sent', async () => {
    const fake = createFakeService({
      refuse: (index) => {
        if (index === 1) return new ValidationError('event', []);
        return index === 2 ? new DeadlineError('trackEvent', 100) : undefined;
      },
    });
    const report = await replay(fake, 20);
    expect(Object.fromEntries(report.refused)).toEqual({ VALIDATION_FAILED: 1 });
    expect(report.events).toMatchObject({ stored: 27, missing: [] });
    expect(isComplete(report)).toBe(false);
  });

  test('counts a second run of the same log anew', async () => {
    const fake = createFakeService();
    await replay(fake, 50, true);
    const report = await replay(fake, 50, true);
    expect(report).toMatchObject({ sent: 70, events: { stored: 70, duplicates: 0 }, samples: { stored: 50, duplicates: 0 } });
  });

  test('passes over events of others in the same hours', async () => {
    const fake = createFakeService({ store: (event) => [event, { ...event, id: `other-${event.id}` }] });
    expect((await replay(fake, 50)).events).toMatchObject({ stored: 70, duplicates: 0, missing: [] });
  });
});

describe('createReplayRecords', () => {
  test('maps a status to a priority, and a failure to an error besides', () => {
    const [ok, , moved, absent, broken] = logOf(5).map(createReplayRecords(0));
    expect(ok?.events.map(({ type, priority }) => [type, priority])).toEqual([[EventType.PAGE_VIEW, EventPriority.NORMAL]]);
    expect(moved?.events.map(({ priority }) => priority)).toEqual([EventPriority.LOW]);
    expect(absent?.events.map(({ type, priority }) => [type, priority])).toEqual([
      [EventType.PAGE_VIEW, EventPriority.HIGH],
      [EventType.ERROR, EventPriority.HIGH],
    ]);
    expect(broken?.events.map(({ priority }) => priority)).toEqual([EventPriority.CRITICAL, EventPriority.CRITICAL]);
    expect(ok?.sample).toMatchObject({ value: 0, tags: { method: 'GET', status: '200' } });
  });

  test('begins a new session after half an hour without a request', () => {
    const [first] = logOf(1);
    if (first === undefined) throw new Error('The log has a line.');
    const records = createReplayRecords(0);
    const sessions = [0, 29, 60, 61].map((minutes) => {
      const { events } = records({ ...first, timeMs: first.timeMs + minutes * 60_000 });
      return events[0]?.sessionId;
    });
    expect(sessions).toEqual(['visit-1-1', 'visit-1-1', 'visit-1-2', 'visit-1-2']);
  });
});
