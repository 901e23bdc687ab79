import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';

import { createEventTypes } from '../../src/contract/eventTypes.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { EventType } from '../../src/contract/EventType.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import type { GuardPolicy } from '../../src/security/guard/GuardPolicy.js';

// The pages, and the examples that are the service's own documentation.
const files = ['README.md', ...readdirSync('docs').filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`), ...readdirSync('examples').filter((file) => /^0[1-5].*\.ts$/.test(file)).map((file) => `examples/${file}`)];

interface Example {
  readonly file: string;
  readonly call: 'trackEvent' | 'trackMetric';
  readonly literal: string;
}

/** The object that each call of `trackEvent` and `trackMetric` is given. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/\.(trackEvent|trackMetric)\(\{/g)].map((match) => {
    const start = match.index + match[0].length - 1;
    let end = start;
    for (let depth = 0; ; end++) {
      if (text.charAt(end) === '{') depth++;
      if (text.charAt(end) === '}' && --depth === 0) break;
    }
    return { file, call: match[1] as Example['call'], literal: text.slice(start, end + 1) }; // one of the two that the pattern has
  });
}

const examples = files.flatMap(examplesIn);
const types = createEventTypes();
const MOOD = types.define('mood_entry', { schema: z.object({ score: z.number().min(0).max(10) }), classes: { properties: { score: 'phi' } } });

function valueOf(literal: string): { properties?: object; metadata?: object; tags?: object; name?: string } {
  return runInNewContext(`(${literal})`, { EventType, EventPriority, MOOD, weekEnd: Date.now() }) as object; // each is an object
}

const policies: readonly GuardPolicy[] = [{}, { undeclared: 'drop' }, { undeclared: 'refuse' }, { mode: 'refuse' }];

describe.each(policies)('under %j', (policy) => {
  test.each(examples)('$call of $file passes unchanged', ({ call, literal }) => {
    const guard = createGuard(policy);
    const given = valueOf(literal);
    if (call === 'trackEvent') {
      const event = normalizeEvent(given, { types, guard, now: Date.now() });
      expect(JSON.parse(event.propertiesJson)).toEqual(given.properties ?? {});
      expect(JSON.parse(event.metadataJson ?? '{}')).toEqual(given.metadata ?? {});
    } else {
      const sample = normalizeMetric(given, { guard, now: Date.now() });
      expect(JSON.parse(sample.tagsJson)).toEqual(given.tags ?? {});
    }
    expect(guard.counts()).toEqual({});
  });
});

test('there are examples of both calls on the pages and in the files', () => {
  expect(new Set(examples.map(({ call }) => call))).toEqual(new Set(['trackEvent', 'trackMetric']));
  expect(new Set(examples.map(({ file }) => file.split('/')[0]))).toEqual(new Set(['README.md', 'docs', 'examples']));
  expect(examples.length).toBeGreaterThan(6);
});
