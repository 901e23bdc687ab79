import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';

import { describeApi } from '../../src/http/openApi.js';
import { apiOperations } from '../../src/http/operations.js';
import { filterSchema } from '../../src/http/schemas.js';
import { parseFilter } from '../../src/queries/events/filter/parseFilter.js';
import { IssueList } from '../../src/producer/validateIssues.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startHttpFixture, type HttpFixture } from './httpFixture.js';

type Json = Record<string, unknown>;
const described = describeApi() as { paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: { $ref: string } }> } }>>; components: { schemas: Record<string, Json> } };

/** Every reference in it. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(references)];
}

describe('the description of the API', () => {
  it('names every path, and holds every schema that it refers to', () => {
    expect(Object.entries(described.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))).toEqual(apiOperations.map(({ method, path }) => `${method} ${path}`));
    const names = references(described).map((reference) => /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1]);
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => name === undefined || described.components.schemas[name] === undefined)).toEqual([]);
    expect(JSON.stringify(described)).not.toMatch(/\$defs|"\$id"|__shared/);
  });

  it('is printed by a command', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/src/cli/main.js', 'openapi']);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(described)));
  });

  it('says of filters what the service says of them', () => {
    const text = fc.constantFrom('a', '', 'properties.page', 'userId');
    const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
    const condition = fc.record(
      {
        field: fc.oneof(fc.constantFrom('userId', 'timestamp', 'properties.page', 'metadata.a.b', 'type', 'page', 'properties'), fc.array(text, { maxLength: 3 })),
        eq: value, ne: value, gt: value, in: fc.array(value, { maxLength: 3 }), exists: value, prefix: value, contains: value, like: text,
      },
      { requiredKeys: [] },
    );
    const { filter } = fc.letrec((tie) => ({
      filter: fc.oneof({ depthSize: 'small' }, condition, fc.record({ and: fc.array(tie('filter'), { maxLength: 2 }) }), fc.record({ or: fc.array(tie('filter'), { maxLength: 2 }) }), fc.record({ not: tie('filter') })),
    }));
    let accepted = 0;
    fc.assert(
      fc.property(filter, (given) => {
        const issues = new IssueList();
        parseFilter(given, issues);
        // What is described may be wider, in what only words say; it is never narrower.
        if (issues.isEmpty) {
          accepted += 1;
          expect(filterSchema.safeParse(given).success).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe('bodies', () => {
  let server: TestRedis;
  let api: HttpFixture;
  beforeAll(async () => {
    server = await startRedis();
    api = await startHttpFixture(server.url);
  });
  afterAll(async () => {
    await api.close();
    await server.stop();
  });

  it('are taken as they are described, and refused where the description refuses them', async () => {
    const token = await api.token('admin');
    const schemaOf = (path: string): z.ZodType => {
      const reference = described.paths[path]!['post']!.requestBody!.content['application/json']!.schema.$ref;
      return z.fromJSONSchema({ $ref: reference.replace('#/components/schemas/', '#/$defs/'), $defs: JSON.parse(JSON.stringify(described.components.schemas).replaceAll('#/components/schemas/', '#/$defs/')) } as never);
    };
    const schemas = new Map(apiOperations.filter(({ body }) => body !== undefined).map(({ path }) => [path, schemaOf(path)]));
    /** Mostly what is good, so that some bodies are wholly so. */
    const some = (good: unknown, ...bad: unknown[]) => fc.oneof({ weight: 12, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });
    const members = {
      type: some('user_action', 7), id: some('x', '', 1), name: some('cpu', '', 1), value: some(1, '1'), key: some('host', ''),
      limit: some(5, 0, 1.5, '5'), startTime: some(1, 'now'), order: some('asc', 'up'), interval: some('day', 'hour', 'never'), period: some('day', 'year'),
      aggregations: some(['sum'], [], 'sum'), tags: some({ host: 'a' }, { host: { in: ['a'] } }, { host: 1 }), select: some(['id'], [], 'id'), where: some({ field: 'userId', eq: 'a' }, { and: [] }),
      userId: some('u', ''), priority: some('high', 'highest'), unknown: some(undefined, 1), properties: some({ a: [1, { b: null }] }, 1), after: some('a', 1),
    };
    // Half of the members that a path takes, so that some bodies are whole.
    const bodies = fc.constantFrom(...schemas.keys()).chain((path) => {
      const known = Object.keys((apiOperations.find((one) => one.path === path)!.body as z.ZodObject).shape ?? { type: 1, name: 1, value: 1, properties: 1 });
      const picked = Object.fromEntries(Object.entries(members).filter(([name]) => known.includes(name) || name === 'unknown'));
      return fc.tuple(fc.constant(path), fc.record(picked, { requiredKeys: ['type', 'name', 'id', 'key', 'interval', 'period', 'aggregations'].filter((name) => name in picked) as never[] }));
    });
    const seen = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(bodies, async ([path, given]) => {
        const body: unknown = JSON.parse(JSON.stringify(given)); // as it is sent
        const { status } = await api.post(path, body, { token });
        const isTaken = status < 400 || status === 404 || status === 403;
        if (isTaken) expect([path, body, schemas.get(path)!.safeParse(body).success]).toEqual([path, body, true]);
        else if (!schemas.get(path)!.safeParse(body).success) seen.refused += 1;
        if (isTaken) seen.taken += 1;
      }),
      { numRuns: 80 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(5);
  }, 60_000);
});
