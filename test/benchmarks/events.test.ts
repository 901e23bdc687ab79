import { describe, expect, test } from '@jest/globals';

import { eventBytes, sampleEvents, watchedUser } from '../../benchmarks/data/events.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { EventType } from '../../src/contract/EventType.js';

const events = sampleEvents(20_000);

describe('sampleEvents', () => {
  test('makes the same events for the same seed, and others for another', () => {
    expect(sampleEvents(50, 3)).toEqual(sampleEvents(50, 3));
    expect(sampleEvents(50, 3)).not.toEqual(sampleEvents(50, 4));
  });

  test('has every type and every priority', () => {
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(Object.values(EventType)));
    expect(new Set(events.map(({ priority }) => priority))).toEqual(new Set(Object.values(EventPriority)));
  });

  test('keeps each event within 350 to 430 bytes of JSON, id and time included', () => {
    const sizes = events.map((event) =>
      Buffer.byteLength(JSON.stringify({ id: '0'.repeat(36), timestamp: 1_700_000_000_000, ...event })),
    );
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(eventBytes.least);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(eventBytes.most);
  });

  test('spreads over hundreds of users, and gives the watched one enough for a p99', () => {
    expect(new Set(events.map(({ userId }) => userId)).size).toBeGreaterThan(300);
    expect(events.filter(({ userId }) => userId === watchedUser).length).toBeGreaterThan(300);
  });
});
