import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-cli-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function analytics(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Promise<Outcome> {
  const options = { env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'development', ANALYTICS_DATA_DIR: dataDir, ...env } };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['dist/src/cli/main.js', ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined).end(input); // most commands read nothing
  });
}

describe('the command analytics', () => {
  test('lists its commands', async () => {
    const { code, stdout } = await analytics(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('replay');
    expect(stdout).toContain('token');
  });

  test('prints a token alone on a line, for the user and roles it is asked for', async () => {
    const { code, stdout } = await analytics(['token', 'user-123', '--role', 'admin', '--role', 'viewer', '--ttl', '60']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { sub, roles, exp = 0, iat = 0 } = decodeJwt(stdout.trim());
    expect({ sub, roles, seconds: exp - iat }).toEqual({ sub: 'user-123', roles: ['admin', 'viewer'], seconds: 60 });
  });

  test('reads the user from the standard input where none is given, and in production takes no other', async () => {
    const production = { NODE_ENV: 'production', ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64') };
    const [read, refused] = await Promise.all([analytics(['token', '--ttl', '60'], production, 'user-123\n'), analytics(['token', 'canary-user-7'], production)]);
    expect({ code: read.code, sub: decodeJwt(read.stdout.trim()).sub }).toEqual({ code: 0, sub: 'user-123' });
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('standard input');
    expect(refused.stderr).not.toContain('canary-user-7');
  });

  test('says what is wrong with the environment, and no stack', async () => {
    const { code, stdout, stderr } = await analytics(['token', 'user-123'], {
      ANALYTICS_WS_PORT: 'many',
      ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64'),
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('ANALYTICS_WS_PORT');
    expect(stderr).not.toContain('    at ');
  });

  test('names a log that is not there', async () => {
    const { code, stderr } = await analytics(['replay', 'no-such.log']);
    expect(code).toBe(1);
    expect(stderr).toContain('no-such.log');
    expect(stderr).not.toContain('    at ');
  });

  test.each(['0', '-1', 'fast'])('refuses a rate of %s', async (rate) => {
    const { code, stderr } = await analytics(['replay', 'x.log', `--rate=${rate}`]);
    expect(code).toBe(1);
    expect(stderr).toContain('above 0, or max');
  });
});
