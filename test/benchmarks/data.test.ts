import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { metricSample, SERIES } from '../../benchmarks/data/metricSample.js';
import { TIMELINE_TYPE, timelineEvent } from '../../benchmarks/data/timeline.js';
import { readLogEvents } from '../../benchmarks/support/readLogEvents.js';

const endMs = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;

describe('timelineEvent', () => {
  const events = Array.from({ length: 5000 }, (_, place) => timelineEvent(place, endMs));

  test('makes the same event at a place whoever asks, of one type', () => {
    expect(timelineEvent(17, endMs)).toEqual(events[17]);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set([TIMELINE_TYPE]));
    expect(new Set(events.map(({ userId }) => userId)).size).toBeGreaterThan(300);
  });

  test('goes back from the end, no two events at one time', () => {
    for (const [place, { timestamp }] of events.entries()) {
      expect(timestamp).toBeLessThanOrEqual(endMs);
      if (place > 0) expect(timestamp).toBeLessThan(events[place - 1]!.timestamp);
    }
    expect(timelineEvent(1_000_000, endMs).timestamp).toBeGreaterThan(endMs - 11 * DAY_MS);
  });
});

describe('metricSample', () => {
  const samples = Array.from({ length: 50 * SERIES }, (_, place) => metricSample(place - 50 * SERIES, endMs));

  test('makes rounds of all series, each ten seconds after the last', () => {
    expect(new Set(samples.slice(0, SERIES).map(({ tags }) => JSON.stringify(tags))).size).toBe(SERIES);
    for (const [place, { timestamp, tags }] of samples.entries()) {
      const begin = endMs + (Math.floor(place / SERIES) - 50) * 10_000;
      expect(timestamp).toBeGreaterThanOrEqual(begin);
      expect(timestamp).toBeLessThan(begin + 50);
      expect(tags).toBe(samples[place % SERIES]!.tags);
    }
  });

  test('has whole milliseconds above 0 as values, and does not repeat them', () => {
    for (const { value } of samples) expect(Number.isInteger(value) && value > 0).toBe(true);
    expect(new Set(samples.map(({ value }) => value)).size).toBeGreaterThan(300);
  });
});

describe('readLogEvents', () => {
  let folder = '';
  let file = '';
  const line = (day: number, hour: number, status: number) =>
    `10.0.0.1 - - [${day}/May/2015:${String(hour).padStart(2, '0')}:05:03 +0000] "GET /a HTTP/1.1" ${status} 10 "-" "agent"`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'analytics-test-'));
    file = join(folder, 'access.log');
    await writeFile(file, [line(17, 10, 200), line(17, 11, 404), line(18, 9, 200)].join('\n'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('begins a repetition where the last one ended, and ends in the past', async () => {
    const log = await readLogEvents(file, { repetitions: 3, isAsLogged: true });
    expect(log.length).toBe(4); // one of them is an error as well
    const times = Array.from({ length: 3 * log.length }, (_, place) => log.at(place).timestamp);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[4]! - times[0]!).toBe(24 * 3_600_000); // its requests lie in 24 hours
    expect(times.at(-1)!).toBeLessThan(Date.now());
    expect(times.at(-1)!).toBeGreaterThan(Date.now() - 2 * 3_600_000);
  });

  test('begins it earlier where a million would not fit into what is kept', async () => {
    const log = await readLogEvents(file, { repetitions: 250_000, isAsLogged: false });
    expect(log.at(4).timestamp - log.at(0).timestamp).toBe(3_600_000); // whole hours, at least one
  });
});
