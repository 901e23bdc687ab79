import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { disguiseNames } from '../../benchmarks/identifiers/disguises.js';
import { fixtures } from '../../benchmarks/identifiers/fixtures.js';
import { formatMeasurement } from '../../benchmarks/identifiers/formatMeasurement.js';
import { letters } from '../../benchmarks/identifiers/makers.js';
import { measure } from '../../benchmarks/identifiers/measure.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import { findIdentifiers } from '../../src/security/guard/findIdentifiers.js';

const COUNT = 400;

describe('fixtures', () => {
  test('are 200 and more of each class of 164.514(b)(2)(i), no two alike, in every disguise', () => {
    const all = fixtures(COUNT);
    for (const letter of letters) {
      const own = all.filter((fixture) => fixture.letter === letter);
      expect(new Set(own.map(({ key, text }) => `${key} ${text}`)).size).toBeGreaterThanOrEqual(200);
      expect(new Set(own.map(({ disguise }) => disguise))).toEqual(new Set(disguiseNames));
    }
    expect(fixtures(20)).toEqual(fixtures(20));
    expect(fixtures(20, 2)).not.toEqual(fixtures(20));
  });
});

describe('detectors', () => {
  const measured = measure({ count: COUNT });

  test('find what docs/guard.md says, and take for an identifier what it says', () => {
    expect(readFileSync('docs/guard.md', 'utf8')).toContain(formatMeasurement(measured));
  });

  test('find as much of fixtures that nobody has looked at', () => {
    const other = measure({ count: 200, benignCount: 4_000, seed: 4_711 });
    const poor = other.rows.filter(({ letter, found, fixtures: of }) => found / of < ({ A: 0.8, N: 0.9 }[letter as string] ?? 0.95));
    expect(poor.map(({ letter, found, missed }) => ({ letter, found, missed: missed.slice(0, 5) }))).toEqual([]);
    expect(other.falsePositives.length).toBeLessThanOrEqual(4);
  });
});

describe('what is disguised is masked, and the rest stays', () => {
  const guard = createGuard();
  const plain = guard.rule('label');
  test.each([
    ['ref=NDE1LTU1NS0wMTIz&x=1', 'ref=[masked:phone]&x=1'],
    ['/p/NDE1LTU1NS0wMTIz/edit', '/p/[masked:phone]/edit'],
    ['/search?q=call%20415-555-0123&page=2', '/search?q=[masked:phone]&page=2'],
    ['jane&#64;example.com', '[masked:email]'],
    ['jane.roe [at] example [dot] com, thanks', '[masked:email], thanks'],
    ['415/555/0123', '[masked:phone]'],
    ['415 – 555 – 0123', '[masked:phone]'],
    ['078.05.1120', '[masked:ssn]'],
    ['сall рatient ЅЅN 078-05-1120', 'сall рatient ЅЅN [masked:ssn]'],
    ['photo data:image/png;base64,iVBORw0KGgoAAAANSUhEUg== end', 'photo [masked:photo] end'],
    ['VIN 1M8GDM9AXKP042788', 'VIN [masked:vehicle]'],
    ['pay to DE89 3704 0044 0532 0130 00 now', 'pay to [masked:account] now'],
    ['patient Jane Roe-Smith cancelled', 'patient [masked:name] cancelled'],
    ['moved to Springfield, IL 62704', 'moved to [masked:address]'],
    ['is 93 years old', 'is [masked:age] years old'],
    ['admitted on March 4th, 2025', 'admitted on [masked:date]'],
    ['https://www.facebook.com/jane.roe?ref=1', 'https://www.facebook.com/[masked:url]?ref=1'],
    ['/patients/1234/plan', '/patients/[masked:url]/plan'],
    ['Москва: jane@example.com', 'Москва: [masked:email]'],
  ])('%s', (text, masked) => {
    expect(guard.text(plain, text)).toBe(masked);
  });
});

// Each makes one of the detectors begin again and again.
const hostile = [
  ...['%40', '%', '%25', 'a@', '@', '1', '1 ', '+1', '415-555-', '(1', '1:', 'ab-', 'a=', 'Dr A', 'ssn 1', 'patient id a', 'born abc ', '1 Aa Bb Cc ', 'Aweg ', 'eyJ', 'eyJaaaaaaaaaaa.', '://a'],
  ...['1.1.1.1.', '１', '\ufdfa', 'A', 'Aa ', 'QUJD', 'NDE1', '/', '/users/', '/~a', 'a at b dot ', ' at ', '[at]', '&#64;', '&#', 'data:image/', 'DE89', 'DE89 3704 ', 'jane ', 'Jane ', 'Roe, ', 'x.com/', '_', 'SW1A ', 'AB12 '],
  ...['member id: is the ', 'а', '\u200b', '0/', '__', '90 years ', 'Ann Arbor, MI ', 'A County '],
];

test('a hostile text of 64 KiB takes four times as long as one of 16 KiB, not sixteen', () => {
  const time = (unit: string, length: number): number => {
    const text = `${unit.repeat(Math.ceil(length / unit.length))}x`;
    let least = Number.POSITIVE_INFINITY;
    // Processor time, the less of two: others on this machine stop the clock, not this.
    for (let round = 0; round < 2; round++) {
      const before = process.cpuUsage();
      findIdentifiers(text);
      least = Math.min(least, process.cpuUsage(before).user / 1_000);
    }
    return least;
  };
  const slow = hostile.filter((unit) => time(unit, 65_536) > 10 * Math.max(time(unit, 16_384), 10));
  expect(slow).toEqual([]);
});

test('whatever the text is, finding ends, gives places in order inside of it, and masking gives text', () => {
  const guard = createGuard();
  const plain = guard.rule('label');
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'grapheme', maxLength: 5 })), { maxLength: 40 }).map((parts) => parts.join('')));
  fc.assert(
    fc.property(text, (value) => {
      const finding = findIdentifiers(value);
      let end = 0;
      for (const span of finding?.spans ?? []) {
        expect(span.start).toBeGreaterThanOrEqual(end);
        expect(span.end).toBeGreaterThan(span.start);
        end = span.end;
      }
      expect(end).toBeLessThanOrEqual(finding?.text.length ?? 0);
      expect(typeof guard.text(plain, value)).toBe('string');
    }),
    { numRuns: 500 },
  );
});
