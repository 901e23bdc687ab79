import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { SecondFactors } from '../../src/access/secondFactors/SecondFactors.js';
import { createMfaCommand } from '../../src/cli/mfa.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { connect } from '../../src/redis/connect.js';
import { keysOf } from '../../src/redis/keys.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { totpOf } from '../support/totp.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere } from './runHere.js';

const restoreEnvironment = keepEnvironment();

let server: TestRedis;
let folder: string;
beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-mfa-'));
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: folder, REDIS_URL: server.url });
});
afterAll(async () => {
  restoreEnvironment();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (...args: readonly string[]) => runHere(createMfaCommand(), args);

describe('npm run mfa', () => {
  it('enrolls somebody with a QR code and recovery codes that work, lists, unlocks and removes them', async () => {
    expect((await run('list')).stdout).toBe('There are none.\n');
    const { stdout: out, stderr: err } = await run('enroll', 'jane@example.org', '--issuer', 'Clinic');
    expect(out).toMatch(/^[ ▀▄█\n]+\n\notpauth:\/\/totp\/Clinic:jane%40example\.org\?secret=/);
    expect(err).toContain('None of this is shown again');
    const secret = /secret=([A-Z2-7]+)/.exec(out)![1]!;
    expect(out).toContain(`By hand: ${secret.match(/.{4}/g)!.join(' ')}\n`);
    expect(out.match(/^ {2}[a-z2-9]{5}-[a-z2-9]{5}$/gm)).toHaveLength(10);

    const config = parseConfig();
    const redis = connect(config, 'failFast', 'test', () => undefined);
    const factors = new SecondFactors({ redis, keys: keysOf(config), secrets: (await loadKeyRing(config)).reading! }); // it was made just now
    expect(await factors.check('jane@example.org', totpOf(secret, Date.now()))).toBe('code');
    redis.disconnect();

    expect((await run('list')).stdout).toMatch(/^jane@example\.org +\d{4}-[\d-]+T\S+Z +10$/m);
    expect((await run('unlock', 'jane@example.org')).stdout).toBe('Nothing had failed.\n');
    expect((await run('enroll', 'joe', '--no-qr')).stdout).toMatch(/^otpauth:/);
    expect([(await run('remove', 'jane@example.org')).stdout, (await run('remove', 'jane@example.org')).stdout]).toEqual(['Removed.\n', 'There was none.\n']);
    expect((await run('list')).stdout).not.toContain('jane');
    await expect(run('unlock')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
