import { describe, expect, test } from '@jest/globals';
import { createGuard } from '../../src/security/guard/createGuard.js';
import { findIdentifiers } from '../../src/security/guard/findIdentifiers.js';

const guard = createGuard();
const plain = guard.rule('label');
const text = (value: string) => guard.text(plain, value);

describe('what looks like an identifier is masked', () => {
  test.each([
    ['jane.doe@example.com', '[masked:email]'],
    ['mail jane@example.co.uk, please', 'mail [masked:email], please'],
    ['/search?q=jane%40example.com&page=2', '/search?q=[masked:email]&page=2'],
    ['用户@例子.广告', '[masked:email]'],
    ['jane@example．com', '[masked:email]'],
    ['https://jane:secret@example.com/a', 'https://[masked:url]@example.com/a'],
    ['/login?email=jane&next=/home', '/login?email=[masked:email]&next=/home'],
    ['/reset?token=abc123', '/reset?token=[masked:secret]'],
    ['call 415-555-0123 tomorrow', 'call [masked:phone] tomorrow'],
    ['(415) 555-0123', '[masked:phone]'],
    ['+44 20 7946 0958', '[masked:phone]'],
    ['020 7946 0958', '[masked:phone]'],
    ['+1.415.555.0123', '[masked:phone]'],
    ['4155550123', '[masked:phone]'],
    ['４１５-５５５-０１２３', '[masked:phone]'],
    ['415\u200b-555\u200b-0123', '[masked:phone]'],
    ['٤١٥-٥٥٥-٠١٢٣', '[masked:phone]'],
    ['078-05-1120', '[masked:ssn]'],
    ['SSN: 078051120', 'SSN: [masked:ssn]'],
    ['4111 1111 1111 1111', '[masked:card]'],
    ['5500005555555559', '[masked:card]'],
    ['from 203.0.113.7', 'from [masked:ip]'],
    ['http://203.0.113.7/x', 'http://[masked:ip]/x'],
    ['/hosts/203.0.113.7/status', '/hosts/[masked:ip]/status'],
    ['2001:db8::8a2e:370:7334', '[masked:ip]'],
    ['device 00:1a:2b:3c:4d:5e seen', 'device [masked:device] seen'],
    ['at 40.7128, -74.0060', 'at [masked:coordinates]'],
    ['MRN 12345678', 'MRN [masked:mrn]'],
    ['MRN A-123456', 'MRN [masked:mrn]'],
    ['member id XYZ123456789', 'member id [masked:plan]'],
    ['born 03/04/1980 in spring', 'born [masked:birth] in spring'],
    ['415\u{e0001}-555\u{2063}-0123', '[masked:phone]'],
    ['DOB:1980-03-04', 'DOB:[masked:birth]'],
    ['lives at 12 Main Street', 'lives at [masked:address]'],
    ['1600 Pennsylvania Ave', '[masked:address]'],
    ['PO Box 1234', '[masked:address]'],
    ['Hauptstraße 12', '[masked:address]'],
    ['seen by Dr. Jane Roe', 'seen by [masked:name]'],
    ['My name is Jane Roe', 'My name is [masked:name]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.abcdefghijklmnop', '[masked:secret]'],
    ['jane@example.com or 415-555-0123', '[masked:email] or [masked:phone]'],
  ])('%s', (value, masked) => {
    expect(text(value)).toBe(masked);
  });
});

const agents = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36',
  'Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.9.2.13) Gecko/20101206 Ubuntu/10.10 Firefox/3.6.13.4',
  'Mozilla/4.0 (compatible; MSIE 7.0.5.13; Windows NT 5.1; .NET CLR 2.0.50727; .NET CLR 3.0.4506.2152)',
  'Opera/9.80 (MTK; Opera Mini/2.1199/34.1244; U; id) Presto/2.8.119 Version/11.10',
  'Mozilla/5.0 (Linux; Android 4.4.2.1) Chrome/30.0.0.0 Mobile Safari/537.36',
];

describe('what looks like nothing of a person stays', () => {
  test.each([
    '/therapy/session',
    'Chrome',
    'submit-button',
    '/api/therapy/session',
    'POST',
    '200',
    'api_response_time',
    ...agents,
    'http://semicomplete.com/presentations/logstash-monitorama-2013/',
    'http://www.google.com/search?q=xdotool+manual&ie=utf-8&oe=utf-8&aq=t&client=firefox-a',
    '/blog/geekery/ssl-latency.html?page=2&flav=rss20',
    '/images/icon@2x.png',
    '@scope/package@1.2.3',
    '2015-05-17T10:05:03.000Z',
    '17/May/2015:10:05:03 +0000',
    '1431857103000',
    '1795403886082',
    '550e8400-e29b-41d4-a716-446655440000',
    '0197a2c4-7b1e-7c3a-9f00-123456789012',
    'd41d8cd98f00b204e9800998ecf8427e',
    'std::vector<int>',
    '127.0.0.1:8080',
    '10:05:03',
    'took 1250 ms for 12 of 40 requests',
    '3 steps to go',
    'v1.2.3.4',
    '[masked:email]',
    'Ünïcödé text, also 日本語',
    'resized to 1920x1080 at 60 Hz',
    'user-123',
    'session-456',
    '$ 1,234,567.89',
    '',
    ' ',
  ])('%s', (value) => {
    expect(text(value)).toBe(value);
  });

  test('and every documented member keeps its value under its own key', () => {
    const documented = {
      action: 'click', target: 'submit-button', page: '/therapy/session', browser: 'Chrome', os: 'macOS', type: 'cbt',
      outcome: 'completed', endpoint: '/api/therapy/session', method: 'POST', status: '200', source: 'web', userAgent: agents[0] ?? '',
    };
    for (const [key, value] of Object.entries(documented)) expect([key, guard.text(guard.rule(key), value)]).toEqual([key, value]);
    for (const [key, value] of Object.entries({ duration: 3600, timestamp: 1795403886082, bytes: 203023 })) {
      expect(guard.number(guard.rule(key), value)).toBe(value);
    }
  });
});

describe('keys that tell what they hold', () => {
  test.each([
    ['email', 'none given', 'email'],
    ['contactEmail', 'x', 'email'],
    ['phone_number', '12', 'phone'],
    ['SSN', '1', 'ssn'],
    ['patientId', 'p-1', 'mrn'],
    ['firstName', 'jane', 'name'],
    ['patient-last-name', 'roe', 'name'],
    ['dateOfBirth', '1980', 'birth'],
    ['dob', '1980', 'birth'],
    ['homeAddress', 'somewhere', 'address'],
    ['zip', '94110', 'address'],
    ['deviceId', 'abc', 'device'],
    ['clientIp', '::1', 'ip'],
    ['password', 'x', 'secret'],
    ['Authorization', 'Bearer x', 'secret'],
    ['therapist', 'Jane Roe', 'name'],
    ['name', 'Jane Roe', 'name'],
    ['ｅmail', 'x', 'email'],
  ])('%s holds %s: %s', (key, value, identifier) => {
    expect(guard.text(guard.rule(key), value)).toBe(`[masked:${identifier}]`);
  });

  test.each([
    ['emailCount', 'three'],
    ['phoneType', 'home'],
    ['emailVerified', 'yes'],
    ['name', 'submit-button'],
    ['name', 'Home Page'],
    ['fileName', 'report.pdf'],
    ['hostname', 'web-1'],
    ['description', 'nothing'],
    ['zipped', 'yes'],
    ['recipe', 'soup'],
    ['mobile', 'ios'],
    ['tokens', '512'],
    ['constructor', 'x'],
  ])('%s keeps %s', (key, value) => {
    expect(guard.text(guard.rule(key), value)).toBe(value);
  });

  test('mask numbers and nested values too', () => {
    const phone = guard.rule('phone');
    expect(guard.number(phone, 4155550123)).toBe('[masked:phone]');
    expect(guard.text(guard.rule('home', phone), 'x')).toBe('[masked:phone]');
    expect(guard.number(guard.rule('age'), 91)).toBe('[masked:age]');
    expect(guard.number(guard.rule('age'), 34)).toBe(34);
    expect(guard.number(plain, 4111111111111111)).toBe('[masked:card]');
  });

  test('a bare name is a person\'s below a person only', () => {
    expect(guard.text(guard.rule('name', guard.rule('patient')), 'roe')).toBe('[masked:name]');
    expect(guard.text(guard.rule('name', guard.rule('browser')), 'Jane Roe')).toBe('Jane Roe');
  });

  test('a key that is itself an identifier is masked', () => {
    expect(guard.rule('jane@example.com').key).toBe('[masked:email]');
    expect(guard.rule('page').key).toBeUndefined();
  });
});

test('a hostile text of 32 KB is searched in bounded time', () => {
  const units = ['%40', 'a@', '@', '1', '1 ', '+1', '415-555-', '(1', '1:', 'ab-', 'a=', 'Dr A', 'ssn 1', 'patient id a', 'born abc ', '1 Aa Bb Cc ', 'Aweg ', 'eyJ', 'eyJaaaaaaaaaaa.', '://a', '1.1.1.1.', '１', '\ufdfa'];
  for (const unit of units) {
    const started = performance.now();
    findIdentifiers(`${unit.repeat(Math.ceil(32_768 / unit.length))}x`);
    // Measured: 15 ms at worst. A pattern that went back over the text would take minutes.
    expect({ unit, isBounded: performance.now() - started < 1_000 }).toEqual({ unit, isBounded: true });
  }
});
