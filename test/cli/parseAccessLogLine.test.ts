import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { parseAccessLogLine } from '../../src/cli/parseAccessLogLine.js';

const line =
  '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /images/search.png HTTP/1.1" 200 203023 ' +
  '"http://example.org/talks/" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1)"';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number) => String(value).padStart(2, '0');

/** What a web server does when it writes a field. */
function escapeField(field: string): string {
  return [...Buffer.from(field, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (character === '"' || character === '\\') return `\\${character}`;
      return byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, '0')}` : character;
    })
    .join('');
}

describe('parseAccessLogLine', () => {
  test('reads every field of a line', () => {
    expect(parseAccessLogLine(line)).toEqual({
      address: '83.149.9.216',
      timeMs: Date.UTC(2015, 4, 17, 10, 5, 3),
      request: 'GET /images/search.png HTTP/1.1',
      method: 'GET',
      path: '/images/search.png',
      protocol: 'HTTP/1.1',
      status: 200,
      bytes: 203_023,
      referrer: 'http://example.org/talks/',
      agent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1)',
    });
  });

  test('reads back whatever a server wrote', () => {
    const field = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text !== '-' && text.isWellFormed());
    fc.assert(
      fc.property(
        fc.record({
          address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
          user: fc.constantFrom('-', 'frank', 'frank miller'),
          // Whole seconds from 1970 to 2100, as the log has them.
          timeMs: fc.integer({ min: 0, max: 4_102_444_799 }).map((seconds) => seconds * 1000),
          zoneMinutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
          path: fc.webPath().map((path) => `/${path}`),
          status: fc.integer({ min: 100, max: 599 }),
          bytes: fc.option(fc.nat()),
          referrer: fc.option(field, { nil: undefined }),
          agent: fc.option(field, { nil: undefined }),
        }),
        ({ address, user, timeMs, zoneMinutes, path, status, bytes, referrer, agent }) => {
          const local = new Date(timeMs + zoneMinutes * 60_000);
          const zone = Math.abs(zoneMinutes);
          const date = `${two(local.getUTCDate())}/${months[local.getUTCMonth()]}/${local.getUTCFullYear()}`;
          const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
          const written =
            `${address} - ${user} ` +
            `[${date}:${time} ${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}${two(zone % 60)}] ` +
            `"GET ${path} HTTP/1.1" ${status} ${bytes ?? '-'} ` +
            `"${escapeField(referrer ?? '-')}" "${escapeField(agent ?? '-')}"`;
          expect(parseAccessLogLine(written)).toEqual({
            address,
            timeMs,
            request: `GET ${path} HTTP/1.1`,
            method: 'GET',
            path,
            protocol: 'HTTP/1.1',
            status,
            bytes: bytes ?? 0,
            ...(referrer !== undefined && { referrer }),
            ...(agent !== undefined && { agent }),
          });
        },
      ),
    );
  });

  test('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseAccessLogLine(text)));
    fc.assert(
      // Lines that were cut or have one character changed are what a damaged log really holds.
      fc.property(fc.nat(line.length - 1), fc.string({ maxLength: 1 }), (at, character) => {
        void parseAccessLogLine(line.slice(0, at) + character + line.slice(at + 1));
        expect(parseAccessLogLine(line.slice(0, at))).toBeUndefined();
      }),
    );
  });

  test('takes no longer for a line made to be slow', () => {
    const started = performance.now();
    parseAccessLogLine(`1.2.3.4 - ${'a '.repeat(20_000)}[x] "${'\\"'.repeat(20_000)}`);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('keeps a request line that is no HTTP, without method and path', () => {
    const request = parseAccessLogLine('10.0.0.1 - - [17/May/2015:10:05:03 +0000] "\\x16\\x03\\x01" 400 - "-" "-"');
    expect(request).toEqual({
      address: '10.0.0.1',
      timeMs: Date.UTC(2015, 4, 17, 10, 5, 3),
      request: '\u0016\u0003\u0001',
      status: 400,
      bytes: 0,
    });
  });

  test.each([
    ['a day that does not exist', line.replace('17/May', '31/Jun')],
    ['an hour that does not exist', line.replace(':10:05', ':24:05')],
    ['a month that does not exist', line.replace('May', 'Mai')],
    ['letters across two months', line.replace('May', 'anF')],
    ['a missing closing quote', line.slice(0, -1)],
    ['a line of another format', '17/May/2015 GET / 200'],
    ['nothing', ''],
  ])('refuses %s', (_, damaged) => {
    expect(parseAccessLogLine(damaged)).toBeUndefined();
  });
});
