import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { createEventTypes } from '../../src/contract/eventTypes.js';
import { limits } from '../../src/contract/limits.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { KnownMetadata } from '../../src/producer/KnownMetadata.js';
import { normalizeEvent, type NormalizedEvent } from '../../src/producer/normalizeEvent.js';
import { createGuard } from '../../src/security/guard/createGuard.js';

const now = 1_795_403_886_082;
const browser = { browser: 'Firefox', os: 'Windows', agent: 'Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101', viewport: 1280 };

function start() {
  const types = createEventTypes();
  const guard = createGuard();
  const knownMetadata = new KnownMetadata();
  const normalize = (metadata: unknown, more: object = {}, type = 'custom') => normalizeEvent({ type, metadata, ...more }, { types, guard, now, knownMetadata });
  return { types, guard, knownMetadata, normalize };
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('Firefox', 'anna@example.com', '+49 170 1234567', '\ud800', ''));
const plain = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.constant(-0), fc.date(), fc.constant(now));
const member = fc.oneof({ weight: 6, arbitrary: plain }, { weight: 1, arbitrary: fc.array(plain, { maxLength: 3 }) }, { weight: 1, arbitrary: fc.dictionary(fc.string(), plain, { maxKeys: 3 }) });
const key = fc.oneof(fc.string(), fc.constantFrom('browser', 'agent', 'email', 'timestamp', '__proto__', 'toJSON', '1', 'anna@example.com'));

function outcome(act: () => NormalizedEvent): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof ValidationError) return error.issues;
    throw error;
  }
}

test('whatever the metadata is, and however often it comes, it becomes what it becomes without being known', () => {
  const shared = start();
  fc.assert(
    fc.property(fc.dictionary(key, member, { maxKeys: 20, noNullPrototype: false }), (metadata) => {
      const [fresh, own] = [start(), start()];
      const event = { type: 'custom', metadata };
      const expected = outcome(() => normalizeEvent(event, { types: fresh.types, guard: fresh.guard, now }));
      for (const { normalize } of [own, own, own, shared, shared]) expect(outcome(() => normalize(metadata))).toEqual(expected);
      const once = fresh.guard.counts();
      expect(own.guard.counts()).toEqual(Object.fromEntries(Object.entries(once).map(([name, count]) => [name, 3 * count])));
    }),
    { numRuns: 2000 },
  );
});

test('metadata that came before is not walked again, and what the caller changes since is seen', () => {
  const { guard, normalize } = start();
  const looked = jest.spyOn(guard, 'text');
  const metadata = { ...browser };
  const { metadataJson } = normalize(metadata);
  const before = looked.mock.calls.length;
  expect(normalize({ ...browser }).metadataJson).toBe(metadataJson);
  expect(looked).toHaveBeenCalledTimes(before);
  const turned = Object.fromEntries(Object.entries(browser).reverse());
  metadata.viewport = 1281;
  expect(JSON.parse(normalize(metadata).metadataJson ?? '')).toEqual(metadata);
  expect(normalize(turned).metadataJson).toBe(JSON.stringify(turned));
});

test('each member is read once, known or not', () => {
  const { normalize } = start();
  let reads = 0;
  const source = (agent: string) => Object.defineProperty({ ...browser }, 'agent', { enumerable: true, get: () => (reads++, agent) });
  normalize(source(browser.agent));
  normalize(source(browser.agent));
  normalize(source('another'));
  expect(reads).toBe(3);
});

test('a getter that throws, a proxy and a cycle are refused as ever', () => {
  const { normalize } = start();
  const throwing = Object.defineProperty({ ...browser }, 'agent', { enumerable: true, get: () => { throw new Error('no'); } });
  const cycle: Record<string, unknown> = { ...browser };
  cycle['self'] = cycle;
  for (const metadata of [throwing, cycle, new Proxy({}, { ownKeys: () => { throw new Error('no'); } }), [browser], new Map()]) {
    expect(() => normalize(metadata)).toThrow(ValidationError);
  }
});

test('what a type declares from then on holds for what came before', () => {
  const { types, guard, knownMetadata } = start();
  const normalize = () => normalizeEvent({ type: 'page_view', metadata: browser }, { types, guard, now, knownMetadata });
  expect(JSON.parse(normalize().metadataJson ?? '')).toEqual(browser);
  types.declare('page_view', { classes: { metadata: { agent: 'secret' } } });
  expect(JSON.parse(normalize().metadataJson ?? '')).toEqual({ ...browser, agent: undefined });
});

test('keys of known metadata count with those of the properties', () => {
  const { normalize } = start();
  const most = limits.keys - Object.keys(browser).length;
  const properties = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, place) => [`key${place}`, 1]));
  normalize(browser);
  expect(() => normalize(browser, { properties: properties(most) })).not.toThrow();
  expect(() => normalize(browser, { properties: properties(most + 1) })).toThrow(/keys/);
});

test('metadata that is never the same twice is not looked for, for a while', () => {
  const { normalize, guard } = start();
  for (let request = 0; request < 2048; request++) normalize({ ...browser, request });
  const looked = jest.spyOn(guard, 'text');
  normalize(browser);
  normalize(browser);
  expect(looked).toHaveBeenCalledTimes(6);
});
