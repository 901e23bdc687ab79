import { describe, expect, it } from '@jest/globals';

import { percentilesOf, type CanaryReading } from '../../src/monitoring/canary/readCanary.js';
import type { HeartbeatReading } from '../../src/monitoring/readHeartbeats.js';
import { canaryStatus, findReasons, type ReadinessFacts } from '../../src/monitoring/readiness.js';

const now = 1_800_000_000_000;
const beat = (role: string, figures: Record<string, number> = {}): HeartbeatReading => ({
  id: `${role}-1`, role, host: 'a', pid: 1, startedAt: now - 60_000, rss: 1, heapUsed: 1, figures, before: {}, spanMs: 10_000, ageMs: 0, version: '1.0.0', bullmq: '6.7.0', formats: undefined,
});
const good: CanaryReading = { now, turnAt: now - 2000, waitingSince: undefined, storedSentAt: now - 2000, wait: null, store: null, feed: null };
const facts: ReadinessFacts = {
  roles: 'processing,broadcasting,scheduling',
  info: { refusesWrites: false },
  heartbeats: [beat('processing'), beat('broadcasting', { canaryAt: now - 2000 }), beat('scheduling')],
  workerStatus: 'running',
  canary: good,
};
const reasons = (other: Partial<ReadinessFacts>) => findReasons({ ...facts, ...other });

describe('findReasons', () => {
  it('finds none while every role is there and canaries get through', () => {
    expect(reasons({})).toEqual([]);
    expect(reasons({ canary: { ...good, waitingSince: now - 9000 } })).toEqual([]);
  });

  it('names what stands still', () => {
    expect(reasons({ canary: { ...good, waitingSince: now - 10_001, storedSentAt: now - 13_000 } })).toEqual(['PROCESSING_STALLED']);
    expect(reasons({ canary: { ...good, turnAt: now - 10_001 } })).toEqual(['SCHEDULING_STALLED']);
    const lagging = [...facts.heartbeats, beat('broadcasting', { canaryAt: now - 10_001 })];
    expect(reasons({ heartbeats: lagging })).toEqual(['FEED_STALLED']);
    expect(reasons({ info: { refusesWrites: true } })).toEqual(['REDIS_REFUSES_WRITES']);
    expect(reasons({ workerStatus: 'stuck' })).toEqual(['WORKERS_STUCK']);
  });

  it('names the roles that are missed, and only those that there have to be', () => {
    expect(reasons({ heartbeats: [] })).toEqual(['NO_WORKER', 'NO_BROADCASTER', 'NO_SCHEDULER']);
    expect(reasons({ heartbeats: [beat('processing')], roles: 'processing' })).toEqual([]);
  });

  it('does not blame the feed for canaries that are not stored, nor a broadcaster that has just started', () => {
    const heartbeats = [beat('processing'), beat('scheduling'), { ...beat('broadcasting'), startedAt: now - 5000 }];
    expect(reasons({ heartbeats })).toEqual([]);
    expect(reasons({ canary: { ...good, waitingSince: now - 20_000, storedSentAt: now - 23_000 }, heartbeats: [beat('processing'), beat('scheduling'), beat('broadcasting', { canaryAt: now - 23_000 })] })).toEqual(['PROCESSING_STALLED']);
  });
});

describe('a canary', () => {
  it('is late when the first that was not stored was sent 10 s ago', () => {
    expect(canaryStatus(good)).toBe('ok');
    expect(canaryStatus({ ...good, waitingSince: now - 10_001 })).toBe('late');
    expect(canaryStatus({ ...good, turnAt: undefined, storedSentAt: undefined })).toBe('none');
  });

  it('gives percentiles of its readings', () => {
    const readings = Array.from({ length: 200 }, (_, index) => 200 - index).join(',');
    expect(percentilesOf(readings)).toEqual({ count: 200, p50: 100, p95: 190, p99: 198 });
    expect(percentilesOf('7')).toEqual({ count: 1, p50: 7, p95: 7, p99: 7 });
    expect(percentilesOf(undefined)).toBeNull();
  });
});
