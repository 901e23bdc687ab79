import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { createLogger } from '../../src/logging/createLogger.js';
import type { LogFields } from '../../src/logging/fields.js';
import { LineBudget, LINES_PER_SECOND } from '../../src/logging/LineBudget.js';
import { reduceError } from '../../src/logging/reduceError.js';

const production = { ANALYTICS_LOG_LEVEL: 'info', isProduction: true } as const;

let lines: string[];
beforeEach(() => {
  lines = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk));
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('createLogger', () => {
  it('writes one line of JSON in production, a readable one in development', () => {
    createLogger(production, 'processor').info('A chunk was stored.', { type: 'page_view', count: 3 });
    createLogger({ ...production, isProduction: false }, 'processor').warn('A chunk was late.', { ageMs: 12 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', component: 'processor', message: 'A chunk was stored.', type: 'page_view', count: 3 });
    expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}\[processor\] A chunk was late\. ageMs=12\n$/);
  });

  it('writes no field that is not on the list, and no value of another form', () => {
    const fields = { userId: 'patient-7', properties: { diagnosis: 'F32' }, message: 'patient-7', type: 'patient 7, born 1980', count: 'patient-7', reason: '{"a":1}' };
    // A caller in JavaScript may pass anything.
    createLogger(production, 'processor').info('Something happened.', fields as unknown as LogFields);
    expect(lines.join('')).not.toMatch(/patient|diagnosis|F32|1980|"a"/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'Something happened.', type: '?', count: '?', reason: '?' });
  });

  it('reduces an error to name, code and place, at every depth of its causes', () => {
    const cause = Object.assign(new TypeError('patient-7 is\n    at home (patient-7:1:1)'), { code: 'EPATIENT' });
    const error = new Error('patient-7 failed', { cause });
    expect(JSON.stringify(reduceError(error))).not.toContain('patient-7');
    expect(reduceError(error)).toMatchObject({ name: 'Error', cause: { name: 'TypeError', code: 'EPATIENT' } });
    expect(reduceError(error).stack?.[0]).toContain('createLogger.test.ts');
    expect(reduceError('patient-7')).toEqual({ name: 'string' });
  });

  it('is silent when told, and below its level', () => {
    createLogger({ ...production, ANALYTICS_LOG_LEVEL: 'silent' }, 'processor').error('Unheard.');
    createLogger({ ...production, ANALYTICS_LOG_LEVEL: 'warn' }, 'processor').info('Unheard.');
    expect(lines).toEqual([]);
  });
});

describe('LineBudget', () => {
  const count = (kinds: readonly string[], everyMs: number) => {
    const written: { readonly kind: string; readonly at: number }[] = [];
    const reports: { readonly at: number; readonly leftOut: ReadonlyMap<string, number> }[] = [];
    let now = 0;
    const budget = new LineBudget((leftOut) => reports.push({ at: now, leftOut }));
    for (const [index, kind] of kinds.entries()) {
      now = index * everyMs;
      if (Math.floor(now / 1000) > Math.floor((now - everyMs) / 1000)) budget.settle(now);
      budget.offer(kind, () => written.push({ kind, at: now }), now);
    }
    for (let second = 0; second < 5; second += 1) budget.settle((now += 1000));
    budget.close();
    return { written, reports };
  };

  it('has at most ten lines written within any second, its own included, and says by kind how many it left out', () => {
    const kinds = Array.from({ length: 4000 }, (_, index) => (index % 4 === 3 ? 'rare' : 'often'));
    const { written, reports } = count(kinds, 1);
    const times = [...written, ...reports].map(({ at }) => at).toSorted((a, b) => a - b);
    for (const [index, at] of times.entries()) expect(times[index + LINES_PER_SECOND] ?? Infinity).toBeGreaterThanOrEqual(at + 1000);
    expect(times.length).toBeGreaterThan(2 * LINES_PER_SECOND);
    const leftOut = reports.reduce((sum, { leftOut: kindsLeft }) => sum + [...kindsLeft.values()].reduce((one, other) => one + other, 0), 0);
    expect(written.length + leftOut).toBe(kinds.length);
    expect([...(reports[0]?.leftOut.keys() ?? [])].toSorted()).toEqual(['often', 'rare']);
  });

  it('has the first of each kind written, however many others there are', () => {
    const kinds = Array.from({ length: 3000 }, (_, index) => (index % 100 === 50 && index < 1500 ? `kind ${index}` : 'flood'));
    const { written } = count(kinds, 1);
    expect(new Set(written.map(({ kind }) => kind)).size).toBe(new Set(kinds).size);
  });
});
