import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { doorCodes } from '../../src/http/HttpError.js';
import { apiOperations } from '../../src/http/operations.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startHttpFixture, type HttpFixture } from './httpFixture.js';

const run = promisify(execFile);
const page = readFileSync('docs/http-api.md', 'utf8');
const examples = [...page.matchAll(/```sh\n(curl [^`]+)```\n```json\n([^`]+)\n```/g)].map(([, command = '', promised = '']) => [command, promised] as const);
const hasCurl = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/curl`));

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

describe('docs/http-api.md', () => {
  it('lists every path, and no other', () => {
    const listed = [...page.matchAll(/^\| `(GET|POST) (\/v1\/[a-z/.-]+)`/gm)].map(([, method, path]) => `${method} ${path}`);
    expect(listed).toEqual([...apiOperations.map(({ method, path }) => `${method} ${path}`), 'GET /v1/openapi.json']);
  });

  it('lists every code of the door with its status', () => {
    for (const [code, status] of Object.entries(doorCodes)) expect(page).toMatch(new RegExp(`^\\| ${status} \\| \`${code}\``, 'm'));
  });

  if (!hasCurl) {
    it.todo('has examples that print what it says, which were not tried: there is no curl');
    return;
  }
  it('has examples that print what it says', async () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
    const env = { PATH: process.env['PATH'], API: api.url, TOKEN: await api.token('admin') };
    for (const [command, promised] of examples) {
      const { stdout } = await run('/bin/sh', ['-c', command], { env, timeout: 20_000 });
      const parts = promised.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
      expect(stdout.trimEnd()).toMatch(new RegExp(`^${parts.join('.+')}$`));
      await api.service.processEvents();
    }
  });
});
