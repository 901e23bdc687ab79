import { randomBytes } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';

import type { Declaration } from '../../src/contract/dataClasses.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { ValidationError, type FieldIssue } from '../../src/errors/ValidationError.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import type { GuardPolicy } from '../../src/security/guard/GuardPolicy.js';

const tokenKey = randomBytes(32).toString('base64');
const declaration: Declaration = {
  classes: {
    properties: {
      action: 'internal',
      plan: 'public',
      email: 'pii',
      note: 'phi',
      pin: 'secret',
      login: { password: 'secret', '*': 'internal' },
      contacts: { '*': 'pii' },
      answers: { '*': { text: 'phi' } },
    },
    metadata: { browser: 'internal' },
  },
};

interface Given {
  readonly declaration?: Declaration;
  readonly policy?: GuardPolicy;
  readonly metadata?: object;
  readonly type?: string;
}

function track(properties: object, given: Given = {}) {
  const types = createEventTypes();
  types.define('intake', given.declaration ?? declaration);
  const guard = createGuard(given.policy);
  const event = { type: given.type ?? 'intake', properties, ...(given.metadata !== undefined && { metadata: given.metadata }) };
  const { propertiesJson, metadataJson } = normalizeEvent(event, { types, guard, now: 1_795_403_886_082 });
  return {
    properties: JSON.parse(propertiesJson) as Record<string, unknown>, // JSON of an object
    metadata: JSON.parse(metadataJson ?? '{}') as Record<string, unknown>, // as above
    counts: guard.counts(),
  };
}

function issuesOf(properties: object, given?: Given): readonly FieldIssue[] {
  try {
    track(properties, given);
  } catch (error) {
    if (error instanceof ValidationError) return error.issues;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('secret', () => {
  const values = ['hunter2', 42, true, null, ['hunter2'], { deep: ['hunter2'] }];

  test.each(values)('%j is left out wherever it stands', (value) => {
    const { properties, counts } = track({ action: 'x', pin: value, login: { password: value, via: 'web' } });
    expect(properties).toEqual({ action: 'x', login: { via: 'web' } });
    expect(counts).toEqual({ secret: 2 });
  });

  test.each(values)('%j refuses the event by policy, without a word of it', (value) => {
    const issues = issuesOf({ pin: value }, { policy: { secret: 'refuse' } });
    expect(issues).toEqual([{ path: 'properties.pin', given: 'a member that its type declares as secret', allowed: 'events without it' }]);
  });

  test.each<GuardPolicy>([{ mode: 'off' }, { mode: 'off', undeclared: 'accept' }, { allowKeys: ['pin'] }, { phi: 'tokenise', tokenKey }])('is left out under %j too', (policy) => {
    expect(track({ pin: 'hunter2' }, { policy }).properties).toEqual({});
  });
});

describe('pii', () => {
  test('is sealed as it is: who declares it wants it', () => {
    const given = { email: 'jane@example.com', contacts: { nurse: 'Dr. Jane Roe', phone: 4155550123 } };
    expect(track(given).properties).toEqual(given);
  });

  test('becomes tokens by policy: equal for equal values of one member, different otherwise', () => {
    const policy: GuardPolicy = { pii: 'tokenise', tokenKey };
    const one = track({ email: 'jane@example.com', contacts: { a: 'x', b: 'x', c: 1, d: true, e: null } }, { policy }).properties;
    const other = track({ email: 'jane@example.com', note: 'kept' }, { policy }).properties;
    expect(one['email']).toMatch(/^tok_[A-Za-z0-9_-]{22}$/);
    expect(other).toEqual({ email: one['email'], note: 'kept' });
    const tokens = Object.values(one['contacts'] as Record<string, unknown>); // an object went in
    expect(tokens.filter((token) => typeof token === 'string' && token.startsWith('tok_'))).toHaveLength(4);
    expect(new Set(tokens).size).toBe(5);
    expect(track({ email: 'jane@example.com' }, { policy: { ...policy, tokenKey: randomBytes(32).toString('base64') } }).properties['email']).not.toBe(one['email']);
  });

  test('cannot become tokens without a key of its own, however else the process is keyed', () => {
    for (const policy of [{ pii: 'tokenise' }, { phi: 'tokenise' }, { pii: 'tokenise', tokenKey: 'short' }] as const) {
      expect(() => createGuard(policy)).toThrow(ConfigurationError);
    }
    expect(() => createGuard({ pii: 'tokenise', tokenKey: 'short' })).not.toThrow(/short/);
  });
});

describe('phi', () => {
  test('is sealed with identifiers masked in its text', () => {
    expect(track({ note: 'call 415-555-0123', answers: { q1: { text: 'fine' } } }).properties).toEqual({ note: 'call [masked:phone]', answers: { q1: { text: 'fine' } } });
  });

  test('becomes tokens by policy, and so does what nobody declared', () => {
    const { properties } = track({ note: 'low mood', other: 7, action: 'x', answers: { q1: { text: 'fine' } } }, { policy: { phi: 'tokenise', tokenKey } });
    expect(properties).toEqual({ note: expect.stringMatching(/^tok_/), other: expect.stringMatching(/^tok_/), action: 'x', answers: { q1: { text: expect.stringMatching(/^tok_/) } } });
    expect(properties['note']).not.toBe(track({ other: 'low mood' }, { policy: { phi: 'tokenise', tokenKey } }).properties['other']);
  });
});

test('public and internal are searched for identifiers, but their own name is no hint', () => {
  const named = { classes: { properties: { city: 'internal', page: 'public' } } } as const;
  expect(track({ city: 'Springfield', page: '/u/jane@example.com' }, { declaration: named }).properties).toEqual({ city: 'Springfield', page: '/u/[masked:email]' });
});

describe('what is not declared', () => {
  const given = { action: 'x', more: 'y', contacts: { a: 'b' }, answers: { q1: { text: 'a', at: 5 } }, deep: { more: { of: ['it'] } }, login: 'scalar' };

  test('passes by default, looked at as before', () => {
    expect(track({ ...given, phone: '1' }).properties).toEqual({ ...given, phone: '[masked:phone]' });
  });

  test('is left out by policy, and counted', () => {
    const { properties, metadata, counts } = track(given, { policy: { undeclared: 'drop' }, metadata: { browser: 'Chrome', cookie: 'x' } });
    expect(properties).toEqual({ action: 'x', contacts: { a: 'b' }, answers: { q1: { text: 'a' } } });
    expect(metadata).toEqual({ browser: 'Chrome' });
    expect(counts).toEqual({ undeclared: 5 });
  });

  test('refuses the event by policy, with every place', () => {
    const issues = issuesOf(given, { policy: { undeclared: 'refuse' }, metadata: { browser: 'Chrome', cookie: 'x' } });
    expect(issues.map(({ path }) => path)).toEqual(['properties.more', 'properties.answers.q1.at', 'properties.deep', 'properties.login', 'metadata.cookie']);
    expect(issues[0]?.given).toBe('a member that its type does not declare');
  });

  test.each([
    ['drop', 'accept', 'drop'],
    ['refuse', 'drop', 'refuse'],
    ['accept', 'refuse', 'refuse'],
    ['drop', undefined, 'drop'],
  ] as const)('type %s, service %s: %s, the stricter', (ofType, ofService, expected) => {
    const attempt = () => track({ more: 1 }, { declaration: { ...declaration, undeclared: ofType }, policy: { undeclared: ofService } }).properties;
    if (expected === 'refuse') expect(attempt).toThrow(ValidationError);
    else expect(attempt()).toEqual({});
  });

  test('of a type with a schema is judged as the schema leaves it', () => {
    const types = createEventTypes();
    types.define('mood', { schema: z.looseObject({ score: z.number() }), classes: { properties: { score: 'phi' } }, undeclared: 'drop' });
    const { propertiesJson } = normalizeEvent({ type: 'mood', properties: { score: 3, extra: 'x' } }, { types, guard: createGuard(), now: 1 });
    expect(propertiesJson).toBe('{"score":3}');
  });
});

describe('a therapy session', () => {
  const session = (properties: object, given: Given = {}) => track(properties, { ...given, type: 'therapy_session' });
  const refusal = (properties: object, given: Given = {}) => issuesOf(properties, { ...given, type: 'therapy_session' });

  test('passes as it is documented', () => {
    const given = { duration: 3600, type: 'cbt', outcome: 'completed' };
    expect(session(given).properties).toEqual(given);
  });

  test.each(['cbt', 'no-show', 'completed', 'cognitive-behavioural-therapy', 'group/adolescents', 'F41.1', 'PHQ-9', 'thérapie', '2026-11-26T10:05:03Z', '', '550e8400-e29b-41d4-a716-446655440000', 'earlyEnd'])('takes the term %j', (term) => {
    expect(session({ type: term }).properties).toEqual({ type: term });
  });

  const sentences = [
    'Patient cried for an hour',
    'two words',
    'patient-cried-for-hours-again-today',
    'patientCriedForHoursAgainToday',
    'relapsed,again',
    'tab\tseparated',
    'line\nbreak',
    'no\u00a0break',
    'zero\u200bwidth',
    'the\u2028separator',
    '患者昨晚复发',
    'Пациентплакал',
    '"quoted"',
    'a'.repeat(65),
    'dGhlIHBhdGllbnQgY3JpZWQgZm9yIGFuIGhvdXIgYW5kIGxlZnQ',
  ];
  test.each(sentences)('refuses free text: %j', (text) => {
    for (const properties of [{ outcome: text }, { note: text }, { deep: { note: [text] } }, { scores: { [text]: text } }, { techniques: ['cbt', text] }]) {
      const issues = refusal(properties);
      expect(issues.map(({ given }) => given)).toContain('free text');
      expect(JSON.stringify(issues)).not.toContain(text);
    }
  });

  test('leaves out what it does not know, terms and figures alike', () => {
    const { properties, metadata } = session({ duration: 1, room: 'blue', seats: 4, isLate: true, more: { of: 'it' } }, { metadata: { browser: 'Chrome', remark: 'what somebody said' } });
    expect(properties).toEqual({ duration: 1 });
    expect(metadata).toEqual({ browser: 'Chrome' });
  });

  test('takes a user agent, which is no free text of anybody', () => {
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36';
    expect(session({}, { metadata: { userAgent } }).metadata).toEqual({ userAgent });
  });

  test('takes the terms that an application declares, and its members', () => {
    const types = createEventTypes();
    types.declare('therapy_session', { classes: { properties: { room: 'internal', byTopic: { '*': 'phi' } } }, terms: ['play therapy'] });
    const run = (properties: object) => normalizeEvent({ type: 'therapy_session', properties }, { types, guard: createGuard(), now: 1 }).propertiesJson;
    expect(run({ type: 'play therapy', room: 'blue', byTopic: { sleep: 3 } })).toBe('{"type":"play therapy","room":"blue","byTopic":{"sleep":3}}');
    expect(() => run({ room: 'a blue room' })).toThrow(/free text/);
    expect(() => run({ byTopic: { 'she said she is fine': 3 } })).toThrow(/free text/);
  });

  test('keeps its allow-list whatever the service accepts, and loses it only with the whole guard', () => {
    expect(session({ room: 'blue' }, { policy: { undeclared: 'accept' } }).properties).toEqual({});
    expect(session({ room: 'a blue room' }, { policy: { mode: 'off' } }).properties).toEqual({ room: 'a blue room' });
    expect(refusal({ room: 'a blue room' }, { policy: { mode: 'off', undeclared: 'accept' } })).toHaveLength(1);
  });
});

test('rules of millions of keys are not remembered', () => {
  const types = createEventTypes();
  const guard = createGuard();
  for (let round = 0; round < 60; round++) {
    const properties = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${round}_${at}`, at]));
    normalizeEvent({ type: 'page_view', properties }, { types, guard, now: 1 });
  }
  expect(track({ action: 'x' }).properties).toEqual({ action: 'x' });
});

test('whatever is given and declared: no secret comes out, nothing undeclared under an allow-list, and only a ValidationError', () => {
  const secret = 'S3CRET-canary';
  const keys = fc.constantFrom('a', 'b', 'c', 'password', 'deep', '*', 'toString');
  const dataClass = fc.constantFrom('public', 'internal', 'pii', 'phi', 'secret');
  const tree = fc.dictionary(keys, fc.oneof(dataClass, fc.dictionary(keys, dataClass)));
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: 'small' }, fc.constant(secret), fc.integer(), fc.boolean(), fc.constant(null), fc.string(), fc.array(tie('any'), { maxLength: 3 }), fc.dictionary(keys, tie('any'), { maxKeys: 3 })),
  })).any;
  fc.assert(
    fc.property(tree, fc.dictionary(keys, value), fc.constantFrom('accept', 'drop', 'refuse'), (properties, given, undeclared) => {
      const types = createEventTypes();
      types.define('drawn', { classes: { properties } as NonNullable<Declaration['classes']>, undeclared }); // drawn as classes are written
      const root = types.classesOf('drawn').properties;
      let json: string;
      try {
        json = normalizeEvent({ type: 'drawn', properties: given }, { types, guard: createGuard(), now: 1 }).propertiesJson;
      } catch (error) {
        expect(error).toBeInstanceOf(ValidationError);
        return;
      }
      const check = (kept: unknown, place: typeof root): void => {
        if (Array.isArray(kept)) kept.forEach((item) => check(item, place));
        else if (typeof kept === 'object' && kept !== null) for (const [key, below] of Object.entries(kept)) check(below, place.member(key));
        else if (kept !== null) {
          expect(place.class).not.toBe('secret');
          if (undeclared !== 'accept') expect(place.by).not.toBe('nobody');
        }
      };
      check(JSON.parse(json), root);
    }),
    { numRuns: 500 },
  );
});
