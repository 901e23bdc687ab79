import { once } from 'node:events';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { HttpError } from '../../src/http/HttpError.js';
import { apiOperations } from '../../src/http/operations.js';
import { parseJson } from '../../src/http/parseJson.js';
import { problemSchema } from '../../src/http/schemas.js';
import { HOSTILE_MS, hostileRuns } from '../support/hostileRuns.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startHttpFixture, type HttpFixture } from './httpFixture.js';

const MOST = 1_048_576;
const posts = apiOperations.filter(({ method }) => method === 'POST').map(({ path }) => path);

let server: TestRedis;
let api: HttpFixture;
let token: string;
beforeAll(async () => {
  server = await startRedis();
  api = await startHttpFixture(server.url, {}, { limits: { headersMs: 400, requestMs: 800, lookEveryMs: 50 } });
  token = await api.token('admin');
});
afterAll(async () => {
  await api.close();
  await server.stop();
});

const post = (path: string, headers: string, body = ''): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n${headers}\r\n${body}`;
const json = (body: string): string => `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const statusOf = (answer: string): string => answer.split(' ')[1] ?? answer;

describe('a body', () => {
  it.each([
    ['is no JSON', '{"type":'],
    ['is empty', ''],
    ['goes on behind its end', '{} {}'],
    ['has the same name twice', '{"type":"user_action","type":"therapy_session"}'],
    ['has it twice, once in escapes', '{"type":"user_action","\\u0074ype":"therapy_session"}'],
    ['has it twice, deep inside', '{"type":"user_action","where":{"and":[{"field":"userId","eq":"a","eq":"b"}]}}'],
    ['names __proto__', '{"type":"user_action","__proto__":{"limit":1}}'],
    ['names it in escapes', '{"type":"user_action","where":{"\\u005f_proto__":1}}'],
    ['has a number beyond all', '{"type":"user_action","startTime":1e999}'],
    ['has a number that would be rounded', '{"type":"user_action","endTime":9007199254740993}'],
    ['has NaN', '{"type":"user_action","startTime":NaN}'],
    ['begins with a mark of byte order', '\uFEFF{"type":"user_action"}'],
    ['is nested ten thousand times', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['is nested and never closed', '{"a":'.repeat(100_000)],
    ['has a comment', '{"type":"user_action"/* */}'],
    ['has a raw line break in a string', '{"type":"user\naction"}'],
  ])('that %s is refused at every path', async (_what, body) => {
    for (const path of ['/v1/events', '/v1/events/query', '/v1/metrics/names']) {
      const response = await api.post(path, body);
      expect([path, response.status]).toEqual([path, 400]);
      expect(problemSchema.parse(await response.json()).code).toBe('BAD_REQUEST');
    }
  });

  it('that is not UTF-8 is refused', async () => {
    expect((await api.post('/v1/events/query', Buffer.from([0x22, 0xff, 0x22]))).status).toBe(400);
    expect((await api.post('/v1/events/query', Buffer.from('{"type":"user_action"}', 'utf16le'))).status).toBe(400);
  });

  it('of another kind, another charset or compressed is refused', async () => {
    const ask = async (headers: Record<string, string>, body: string | Buffer = '{"type":"user_action"}') => (await fetch(`${api.url}/v1/events/count`, { method: 'POST', headers: { Authorization: `Bearer ${token}`, ...headers }, body: body as string })).status;
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'application/json; charset=utf-16', 'application/jsonp', 'text/json', 'application/json, text/plain', 'application/json; a=b']) {
      expect([type, await ask({ 'Content-Type': type })]).toEqual([type, 415]);
    }
    for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"']) expect([type, await ask({ 'Content-Type': type })]).toEqual([type, 200]);
    expect(await ask({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, gzipSync(Buffer.alloc(50_000_000, 0x20)))).toBe(415);
  });

  it('of a megabyte is taken, and of a byte more refused, said beforehand or not', async () => {
    const body = JSON.stringify({ type: 'user_action', userId: 'x' }).padEnd(MOST, ' ');
    expect((await api.post('/v1/events/count', body)).status).toBe(200);
    const said = await api.raw(post('/v1/events/count', json(`${body} `)));
    expect([statusOf(said), /connection: close/i.test(said)]).toEqual(['413', true]);
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`;
    const unsaid = await api.raw(post('/v1/events/count', `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`));
    expect(statusOf(unsaid)).toBe('413');
    // An array of the most items that fit takes its time and no more.
    const many = `[${Array.from({ length: 9999 }, () => '{"type":"x"}').join()}]`;
    const taken = await api.post('/v1/events', many);
    expect(taken.status).toBe(207);
    // An answer that nobody reads keeps its connection, and the process, for good.
    expect(await taken.json()).toHaveProperty('results');
  });
});

describe('a request', () => {
  it('over HTTP/1.0, with both lengths, or that no parser agrees on is refused', async () => {
    expect(statusOf(await api.raw(`GET /v1/stats HTTP/1.0\r\nHost: a\r\n\r\n`))).toBe('505');
    expect(statusOf(await api.raw('GET /health/live HTTP/1.0\r\n\r\n'))).toBe('200');
    expect(statusOf(await api.raw('GET /v1/stats HTTP/1.1\r\n\r\n'))).toBe('400');
    expect(statusOf(await api.raw(post('/v1/events/count', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')))).toBe('400');
    expect(statusOf(await api.raw(post('/v1/events/count', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}')))).toBe('400');
    expect(statusOf(await api.raw(post('/v1/events/count', 'X : 1\r\n\r\n')))).toBe('400');
    expect(statusOf(await api.raw(`GET /v1/stats HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`))).toBe('431');
    expect(statusOf(await api.raw('GARBAGE\r\n\r\n'))).toBe('400');
  });

  it('that comes with others before it is answered is answered in its turn', async () => {
    const one = (path: string, body: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n${json(body)}`;
    const answer = await api.raw(one('/v1/events/count', '{"type":"user_action"}') + one('/v1/nothing', '{}') + post('/v1/metrics/names', json('{}')));
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('that goes by another spelling of a path is not there', async () => {
    for (const path of ['/v1/Events/query', '/v1/events/query/', '//v1/events/query', '/v1/events/%71uery/..', '/v1/events/../stats', '/V1/stats', '/v1/%2e%2e/stats', '/v1/events/query%00', '/v1/events/%ff']) {
      expect([path, ['400', '404'].includes(statusOf(await api.raw(post(path, json('{}')))))]).toEqual([path, true]);
    }
  });

  it('whose body or headers never end is let go', async () => {
    const slow = ['POST /v1/events/count HTTP/1.1\r\nHost: a\r\nX-', post('/v1/events/count', 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"type":')];
    const begunAt = performance.now();
    const answers = await Promise.all(slow.map(async (text) => {
      const socket = api.connect();
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString('latin1');
      }).on('error', () => undefined);
      socket.write(text);
      await once(socket, 'close');
      return statusOf(answer);
    }));
    expect(answers).toEqual(['408', '408']);
    expect(performance.now() - begunAt).toBeLessThan(5000);
  });

  it('that breaks off leaves nothing behind', async () => {
    for (let time = 0; time < 20; time += 1) {
      const socket = api.connect();
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(post('/v1/events/count', 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"type":'), () => socket.destroy());
      await once(socket, 'close');
    }
    expect((await api.post('/v1/events/count', { type: 'user_action' })).status).toBe(200);
  });
});

describe('whatever is sent', () => {
  const CANARY = 'canary-4711';
  const words = fc.constantFrom('type', 'where', 'field', 'eq', 'select', 'limit', 'cursor', 'userId', 'name', 'tags', 'id', 'budget', 'interval', 'aggregations', 'properties', 'constructor', 'toString', CANARY);
  const texts = fc.constantFrom('user_action', 'properties.a', 'cpu', 'day', 'sum', CANARY, '');
  const hostile = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, texts, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(words, tie('value'), { maxKeys: 5 })),
  })).value;

  it('is answered with a typed refusal or an answer, and no word of it comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...posts), hostile, async (path, body) => {
        const response = await api.post(path, body, { token });
        const text = await response.text();
        expect([200, 202, 207, 400, 403, 404, 422]).toContain(response.status);
        if (response.status >= 400) {
          const { issues = [], ...problem } = problemSchema.parse(JSON.parse(text));
          expect(JSON.stringify(problem)).not.toContain(CANARY);
          // A name of a member is what is wrong, and is said; a value never.
          expect(JSON.stringify(issues.map(({ given }) => given))).not.toContain(CANARY);
        }
      }),
      { numRuns: hostileRuns('bodies') },
    );
  }, HOSTILE_MS);
});

it('is none of it a fault of the service, whatever was sent above', () => {
  expect(api.role.figures).toMatchObject({ faults: 0, requests: expect.any(Number) });
  expect(api.role.figures.refused).toBeGreaterThan(50);
});

describe('parseJson', () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const odd = (value: unknown): boolean => JSON.stringify(value)?.includes('__proto__') === true;

  it('gives what JSON.parse gives of every value, however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }).filter((value) => !odd(value)), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        let parsed: unknown = HttpError;
        try {
          parsed = parseJson(encode(text));
        } catch (error) {
          expect(error).toBeInstanceOf(HttpError);
        }
        // Only what would be rounded is not taken.
        if (parsed === HttpError) expect(text).toMatch(/\d{16,}/);
        else expect(parsed).toEqual(JSON.parse(text));
      }),
    );
  });

  it('takes no text that JSON.parse refuses, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '"a"', '"b"', '1', '-', 'e', '.', 'true', ' ', '\\u0061', '\n'), { maxLength: 30 }).map((parts) => parts.join('')), (text) => {
        let plain: unknown = HttpError;
        try {
          plain = JSON.parse(text);
        } catch {
          // Refused by both.
        }
        let strict: unknown = HttpError;
        try {
          strict = parseJson(encode(text));
        } catch (error) {
          expect(error).toBeInstanceOf(HttpError);
        }
        if (plain === HttpError) expect(strict).toBe(HttpError);
        else if (strict !== HttpError) expect(strict).toEqual(plain);
      }),
      { numRuns: hostileRuns('jsonTexts') },
    );
  });

  it('refuses bytes that are not UTF-8, and numbers that JSON cannot say, and throws nothing else', () => {
    const byte = fc.oneof(fc.constantFrom(0x22, 0x5b, 0x5d, 0x7b, 0x7d, 0x3a, 0x2c, 0x31, 0x65, 0x2d), fc.constantFrom(0xc0, 0x80, 0xed, 0xa0, 0xf5, 0xff, 0x00), fc.nat({ max: 255 }));
    const text = fc.oneof(fc.jsonValue().map((value) => JSON.stringify(value)), fc.constantFrom('[NaN]', '[Infinity]', '[1e309]', '[-1e309]', '[1e999]', '[-0]', '{"a":1E+400}'));
    const bytes = fc.oneof(
      fc.array(byte, { maxLength: 40 }).map((list) => Uint8Array.from(list)),
      fc.tuple(text, fc.nat(), byte).map(([json, place, given]) => {
        const whole = encode(json);
        if (whole.length > 0) whole[place % whole.length] = given;
        return whole;
      }),
      text.map(encode),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        let parsed: unknown;
        try {
          parsed = parseJson(given);
        } catch (error) {
          expect(error).toBeInstanceOf(HttpError);
          return;
        }
        // JSON.parse makes Infinity of a number that is too large, and JSON.stringify null of that.
        expect(JSON.stringify(parsed, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? 'not finite' : value))).toBe(JSON.stringify(parsed));
      }),
      { numRuns: hostileRuns('jsonBytes') },
    );
  });

  it('finds a name that comes twice wherever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }).filter((value) => !odd(value)), fc.string(), fc.boolean(), (value, name, inArray) => {
        const twice = `{${JSON.stringify(name)}:1,"between":${JSON.stringify(value)},${JSON.stringify(name)}:2}`;
        expect(() => parseJson(encode(inArray ? `[{"a":${twice}}]` : twice))).toThrow(HttpError);
      }),
    );
  });
});
