import { createRequire } from 'node:module';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { queuePlaces } from '../../queues/names.js';
import { eventTypeNamePattern } from '../../src/contract/eventTypes.js';
import { chunkIdOf, createKeys, encodeMetricName, type Keys } from '../../src/redis/keys.js';
import { Fingerprints } from '../../src/security/Fingerprints.js';
import { metricKeyName } from '../../src/storage/metricKeyName.js';

// ioredis brings it; it has no types that an import finds.
const slotOfKey = createRequire(import.meta.url)('cluster-key-slot') as (key: string) => number;
const slotOf = (key: string) => slotOfKey(key);

const fingerprints = new Fingerprints(Buffer.alloc(32, 3));
const encode = (name: string) => metricKeyName(name, fingerprints);

/** Names that try to be something else. */
const hostileNames = [
  ...['', 'tags:cpu', 'time:cpu', 'keys:cpu', 'counts:cpu', 'queue', 'metrics', 'events', '{}', '{', '}', '{cpu}', 'cpu}{', '*', '?', '[a]', ':', '::', '~', '~cpu'],
  ...['cpu', 'Cpu', 'cpu ', ' cpu', 'cpu\n', 'cpu\u0000', 'ｃｐｕ', 'cpü', 'cpu\u0308', '.', '..', '__proto__', 'constructor', 'catalogue:metrics', 'health:cleanup'],
  ...['\u00e9', 'e\u0301', '🫀', 'a'.repeat(64), 'a'.repeat(65), 'a'.repeat(256)],
];
/** Well-formed Unicode: anything else is refused before it comes here. */
const metricName = fc.oneof(fc.constantFrom(...hostileNames), fc.string({ unit: 'binary', maxLength: 20 }), fc.stringMatching(/^[a-z][a-z0-9_.]{0,10}$/));
const eventType = fc.oneof(fc.constantFrom('queue', 'processed', 'time', 'keys', 'feed', 'custom', 'a'), fc.stringMatching(eventTypeNamePattern, { maxLength: 64 }));

const fixedKeys = (keys: Keys) => [keys.metricCatalogue, keys.eventCatalogue, keys.keyIdentity, keys.cleanupStatus, keys.droppedDeadLetters];
function eventKeysOf(keys: Keys, type: string): string[] {
  const series = keys.event(type);
  return [series.chunks, series.time, series.dataKeys, series.counts, series.retired, series.absorbed, series.feed, series.seen, series.batches, series.users(0), series.users(20_780)];
}
function metricKeysOf(keys: Keys, name: string): string[] {
  const { tier, ...series } = keys.metric(encode(name));
  return [...Object.values<string>(series), ...['1m', '1h', '1d'].map(tier)];
}
const queueStarts = (keys: Keys) => Object.values(queuePlaces(keys)).map(({ prefix, name }) => `${prefix}:${name}:`);

describe.each([false, true])('the keys, cluster: %s', (cluster) => {
  const keys = createKeys('analytics:', { cluster });

  it('are all different for different types, metrics and purposes, whatever the names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(eventType, { maxLength: 4 }), fc.uniqueArray(metricName, { maxLength: 8 }), fc.uniqueArray(fc.uuid(), { maxLength: 2 }), (types, names, processes) => {
        const all = [
          ...fixedKeys(keys),
          ...types.flatMap((type) => eventKeysOf(keys, type)),
          ...names.flatMap((name) => metricKeysOf(keys, name)),
          ...processes.map((name) => keys.heartbeat(name)),
        ];
        expect(new Set(all).size).toBe(all.length);
        for (const key of all) expect(key.startsWith('analytics:')).toBe(true);
        // A queue's keys are whatever BullMQ makes of them: nothing else may begin as they do.
        for (const start of queueStarts(keys)) expect(all.filter((key) => key.startsWith(start))).toEqual([]);
      }),
    );
  });

  it('let no metric’s name reach a key of another, not even a hostile one', () => {
    const all = hostileNames.flatMap((name) => metricKeysOf(keys, name));
    expect(new Set(all).size).toBe(new Set(hostileNames).size * 12);
    expect(all.every((key) => /^analytics:metrics:((time|keys|counts|retired|absorbed|tags|past|tier|fence):)?\{?(~[\w-]{22}|[a-z][a-z0-9_.]{0,63})\}?(:1[mhd])?$/.test(key))).toBe(true);
  });

  it('of another prefix are others', () => {
    const other = createKeys('analytics.b:', { cluster });
    const mine = new Set([...fixedKeys(keys), ...eventKeysOf(keys, 'custom'), ...metricKeysOf(keys, 'cpu'), ...queueStarts(keys)]);
    for (const key of [...fixedKeys(other), ...eventKeysOf(other, 'custom'), ...metricKeysOf(other, 'cpu'), ...queueStarts(other)]) expect(mine.has(key)).toBe(false);
  });
});

describe('the documented keys', () => {
  it('are exactly those of the documentation on a single server', () => {
    const keys = createKeys('analytics:');
    expect(queuePlaces(keys).events).toMatchObject({ prefix: 'analytics:events', name: 'queue' });
    expect(keys.event('page_view')).toMatchObject({ chunks: 'analytics:events:processed:page_view', time: 'analytics:events:time:page_view' });
    expect(keys.metric(encode('cpu'))).toMatchObject({ chunks: 'analytics:metrics:cpu', tags: 'analytics:metrics:tags:cpu' });
  });
});

describe('on a cluster', () => {
  const keys = createKeys('analytics:', { cluster: true });

  it('the keys of one script share a slot, whatever the names', () => {
    expect(slotOf('{page_view}')).toBe(slotOf('page_view'));
    fc.assert(
      fc.property(eventType, metricName, (type, name) => {
        expect(new Set(eventKeysOf(keys, type).map(slotOf))).toEqual(new Set([slotOf(type)]));
        expect(new Set(metricKeysOf(keys, name).map(slotOf))).toEqual(new Set([slotOf(encode(name))]));
      }),
    );
  });

  it('the keys of one queue share a slot', () => {
    for (const start of queueStarts(keys)) expect(new Set(['id', 'wait', 'meta', '017-x', 'events'].map((end) => slotOf(start + end))).size).toBe(1);
  });

  it('types and metrics are spread', () => {
    const slots = Array.from({ length: 50 }, (_, place) => slotOf(keys.event(`type_${place}`).chunks));
    expect(new Set(slots).size).toBeGreaterThan(40);
  });
});

describe('encodeMetricName', () => {
  it('hashes a plain name that the guard does not let stand', () => {
    expect(encodeMetricName('jane', true, () => Buffer.alloc(16))).toBe('jane');
    expect(encodeMetricName('jane', false, () => Buffer.alloc(16))).toMatch(/^~/);
  });
});

describe('chunkIdOf', () => {
  it('stays what it is: stored data would be taken for unknown otherwise', () => {
    expect(chunkIdOf('0193a5f0-0000-7000-8000-000000000000', 'page_view', 488_888).toString('hex')).toBe('ec5ba80f720edcfe3613b05afed8c5f5');
  });

  it('is another for every job, series and hour, however the parts run into each other', () => {
    const part = fc.oneof(fc.stringMatching(/^[\d\n]{0,3}$/), fc.string({ maxLength: 5 }));
    const place = fc.record({ job: fc.uuid(), series: part, hour: fc.nat(1000) });
    fc.assert(
      fc.property(fc.uniqueArray(place, { selector: (one) => JSON.stringify(one), minLength: 2, maxLength: 8 }), (places) => {
        const ids = places.map(({ job, series, hour }) => chunkIdOf(job, series, hour).toString('hex'));
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.every((id) => id.length === 32)).toBe(true);
      }),
    );
  });
});
