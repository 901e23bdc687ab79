import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';

import { bucketEdges, isTimeZone, parseInterval } from '../../../src/insights/aggregation/interval.js';

const HOUR = 3_600_000;
const MOST = 10_000;

function edgesOf(interval: string | number, start: string, end: string, zone: string): string[] {
  const edges = bucketEdges(parseInterval(interval)!, DateTime.fromISO(start, { zone }).toMillis(), DateTime.fromISO(end, { zone }).toMillis(), zone, MOST);
  return [...edges!].map((edge) => DateTime.fromMillis(edge, { zone }).toISO({ suppressMilliseconds: true, suppressSeconds: true })!);
}

describe('parseInterval', () => {
  it('takes numbers of ms, and numbers with a unit', () => {
    expect(parseInterval(1500)).toEqual({ kind: 'fixed', ms: 1500 });
    expect(parseInterval('10s')).toEqual({ kind: 'fixed', ms: 10_000 });
    expect(parseInterval('5m')).toEqual({ kind: 'fixed', ms: 300_000 });
    expect(parseInterval('1h')).toEqual({ kind: 'fixed', ms: HOUR });
    expect(parseInterval('1d')).toEqual({ kind: 'calendar', unit: 'day', count: 1 });
    expect(parseInterval('2w')).toEqual({ kind: 'calendar', unit: 'week', count: 2 });
    expect(parseInterval('3M')).toEqual({ kind: 'calendar', unit: 'month', count: 3 });
  });

  it.each([0, -1, 0.5, NaN, Infinity, 1e15, '', '0m', '5', 'm', '1.5h', '-1h', ' 1h', '1H', '1y', '1e3s', '367d', '999999999h', '１m'])('refuses %p', (given) => {
    expect(parseInterval(given)).toBeUndefined();
  });
});

describe('isTimeZone', () => {
  it('knows names of the time zone database only', () => {
    for (const name of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu']) expect(isTimeZone(name)).toBe(true);
    for (const name of ['', 'Berlin', 'Europe/Atlantis', '__proto__']) expect(isTimeZone(name)).toBe(false);
  });
});

describe('bucketEdges', () => {
  it('counts fixed intervals from 1970, in UTC, whatever the zone', () => {
    expect([...bucketEdges({ kind: 'fixed', ms: 1000 }, 1500, 3000, 'Asia/Kolkata', MOST)!]).toEqual([1000, 2000, 3000, 4000]);
    expect([...bucketEdges({ kind: 'fixed', ms: 1000 }, -1, 0, 'UTC', MOST)!]).toEqual([-1000, 0, 1000]);
  });

  it('follows days of 23 and of 25 hours', () => {
    expect(edgesOf('1d', '2026-03-28T12:00', '2026-03-30T12:00', 'Europe/Berlin')).toEqual([
      '2026-03-28T00:00+01:00',
      '2026-03-29T00:00+01:00',
      '2026-03-30T00:00+02:00',
      '2026-03-31T00:00+02:00',
    ]);
    const [before, after] = bucketEdges(parseInterval('1d')!, Date.UTC(2026, 2, 29, 2), Date.UTC(2026, 2, 29, 2), 'Europe/Berlin', MOST)!;
    expect(after! - before!).toBe(23 * HOUR);
    const [autumn, next] = bucketEdges(parseInterval('1d')!, Date.UTC(2026, 9, 25, 2), Date.UTC(2026, 9, 25, 2), 'Europe/Berlin', MOST)!;
    expect(next! - autumn!).toBe(25 * HOUR);
  });

  it('begins weeks on Monday, and months on the first', () => {
    expect(edgesOf('1w', '2026-11-22T23:59', '2026-11-23T00:00', 'America/New_York')).toEqual(['2026-11-16T00:00-05:00', '2026-11-23T00:00-05:00', '2026-11-30T00:00-05:00']);
    expect(edgesOf('1M', '2026-02-28T23:59', '2026-03-01T00:00', 'Asia/Kathmandu')).toEqual(['2026-02-01T00:00+05:45', '2026-03-01T00:00+05:45', '2026-04-01T00:00+05:45']);
    expect(edgesOf('3M', '2026-02-10T00:00', '2026-02-10T00:00', 'UTC')).toEqual(['2026-01-01T00:00Z', '2026-04-01T00:00Z']);
  });

  it('begins a day without midnight with what follows it', () => {
    expect(edgesOf('1d', '2018-11-04T12:00', '2018-11-04T12:00', 'America/Sao_Paulo')).toEqual(['2018-11-04T01:00-02:00', '2018-11-05T00:00-02:00']);
  });

  it('leaves out a day that a zone left out', () => {
    const edges = edgesOf('1d', '2011-12-29T12:00', '2011-12-31T12:00', 'Pacific/Apia');
    expect(edges.map((edge) => edge.slice(0, 10))).toEqual(['2011-12-29', '2011-12-31', '2012-01-01']);
  });

  it('has ascending edges that hold the range and agree with the calendar, in any zone', () => {
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'America/Havana', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/Sao_Paulo', 'Africa/Casablanca');
    const start = fc.integer({ min: Date.UTC(1995, 0), max: Date.UTC(2030, 0) });
    fc.assert(
      fc.property(zone, start, fc.integer({ min: 0, max: 400 * 24 * HOUR }), fc.constantFrom('1d', '1w', '1M', '5d', '6h', '90s'), (name, from, length, interval) => {
        const parsed = parseInterval(interval)!;
        const edges = bucketEdges(parsed, from, from + length, name, 1_000_000)!;
        expect(edges[0]).toBeLessThanOrEqual(from);
        expect(edges[1]).toBeGreaterThan(from);
        expect(edges.at(-2)).toBeLessThanOrEqual(from + length);
        expect(edges.at(-1)).toBeGreaterThan(from + length);
        for (let place = 1; place < edges.length; place += 1) {
          if (!(edges[place]! > edges[place - 1]!)) throw new Error('edges do not ascend');
          if (parsed.kind !== 'calendar' || parsed.count !== 1) continue;
          const edge = DateTime.fromMillis(edges[place]!, { zone: name });
          const before = DateTime.fromMillis(edges[place]! - 1, { zone: name });
          // Nothing of the edge's unit lies before it.
          if (!(before.startOf(parsed.unit) < edge.startOf(parsed.unit))) throw new Error(`an edge within a ${parsed.unit} of ${name}: ${edge.toISO()}`);
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) },
    );
  });

  it('makes no more buckets than are allowed', () => {
    expect(bucketEdges({ kind: 'fixed', ms: 1 }, 0, 9, 'UTC', 10)).toHaveLength(11);
    expect(bucketEdges({ kind: 'fixed', ms: 1 }, 0, 10, 'UTC', 10)).toBeUndefined();
    expect(bucketEdges(parseInterval('1d')!, 0, 8.6e15, 'UTC', MOST)).toBeUndefined();
    expect(bucketEdges(parseInterval('1d')!, 0, 9 * 24 * HOUR, 'UTC', 10)).toHaveLength(11);
    expect(bucketEdges(parseInterval('1d')!, 0, 10 * 24 * HOUR, 'UTC', 10)).toBeUndefined();
  });
});
