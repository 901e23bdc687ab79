import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';

import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { SecondFactors } from '../../src/access/secondFactors/SecondFactors.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { totpOf } from '../support/totp.js';
import { cookieOf, startBoardFixture, type BoardFixture } from './boardFixture.js';

const SECRET = 'x'.repeat(44);
const production = { NODE_ENV: 'production', ANALYTICS_TLS_BY_PROXY: 'true', ANALYTICS_TOKEN_SECRET: SECRET };
const STEP_MS = 30_000;

let server: TestRedis;
let fixture: BoardFixture;
let factors: SecondFactors;
beforeAll(async () => {
  server = await startRedis();
  fixture = await startBoardFixture(server.url, production);
  factors = new SecondFactors({ redis: fixture.redis, keys: fixture.keys, secrets: fixture.keyRing.reading! }); // it has a master key
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

/** A token of somebody, as an identity provider signs it. */
async function tokenOf(subject: string, role: string, claims: object = {}): Promise<string> {
  return new SignJWT({ roles: [role], ...claims }).setProtectedHeader({ alg: 'HS256' }).setSubject(subject).setIssuedAt().setExpirationTime('10m').sign(Buffer.from(SECRET));
}

const post = async (path: string, fields: Record<string, string>, cookie?: string, at = fixture) => at.ask('POST', path, { body: new URLSearchParams(fields), ...(cookie !== undefined && { cookie }) });
const first = async (subject: string, role = 'operator', claims: object = {}, at = fixture) => post('/sign-in', { token: await tokenOf(subject, role, claims) }, undefined, at);

/** What the audit log has of somebody: outcome and reason. */
async function recordsOf(subject: string, { redis, keys, keyRing } = fixture): Promise<string[]> {
  const { records } = await new AuditReader({ source: redisSource(redis, keys.audit), secrets: keyRing.reading!.audit, folders: [] }).seenBy({ actor: subject });
  return records.map(({ outcome, reason = '' }) => `${outcome} ${reason}`);
}

describe('in production', () => {
  it('an operator and an admin need a code besides their token, a viewer does not', async () => {
    expect((await first('looks', 'viewer')).headers.get('location')).toBe('/');
    for (const role of ['operator', 'admin']) {
      const { secret } = await factors.enroll(`some-${role}`, 'Analytics');
      const half = await first(`some-${role}`, role);
      expect([half.status, half.headers.get('location')]).toEqual([303, '/sign-in/code']);
      const cookie = cookieOf(half);
      expect(half.headers.get('set-cookie')).toMatch(/^__Host-analytics-sign-in=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
      // The half of a sign-in opens nothing, under whatever name it is brought.
      for (const brought of [cookie, cookie.replace('sign-in', 'board')]) expect((await fixture.ask('GET', '/api/stats', { cookie: brought })).status).toBe(401);
      const page = await (await fixture.ask('GET', '/sign-in/code', { cookie, headers: { Accept: 'text/html' } })).text();
      expect(page).toContain('autocomplete="one-time-code"');
      const whole = await post('/sign-in/code', { code: totpOf(secret, Date.now()) }, cookie);
      expect([whole.status, whole.headers.get('location')]).toEqual([303, '/']);
      const session = whole.headers.getSetCookie().find((text) => text.startsWith('__Host-analytics-board='))!.split(';')[0]!;
      expect(await (await fixture.ask('GET', '/api/stats', { cookie: session })).json()).toMatchObject({ role });
      // It is used up.
      expect((await post('/sign-in/code', { code: totpOf(secret, Date.now(), 1) }, cookie)).status).toBe(401);
      expect(await recordsOf(`some-${role}`)).toEqual(['allowed second factor: code']);
    }
  });

  it('a code that was used is refused at every board, and a recovery code gets in once', async () => {
    const { secret, recoveryCodes } = await factors.enroll('jane', 'Analytics');
    const other = await startBoardFixture(server.url, { ...production, REDIS_PREFIX: fixture.config.REDIS_PREFIX, ANALYTICS_DATA_DIR: fixture.config.ANALYTICS_DATA_DIR }, fixture.keyRing);
    const code = totpOf(secret, Date.now());
    expect((await post('/sign-in/code', { code }, cookieOf(await first('jane')))).status).toBe(303);
    const again = await post('/sign-in/code', { code }, cookieOf(await first('jane', 'operator', {}, other)), other);
    expect([again.status, await again.text()]).toEqual([401, expect.stringContaining('used before')]);
    const recovery = async () => (await post('/sign-in/code', { code: recoveryCodes[4]! }, cookieOf(await first('jane')))).status;
    expect([await recovery(), await recovery()]).toEqual([303, 401]);
    expect(await recordsOf('jane')).toEqual(['allowed second factor: code', 'denied usedCode', 'allowed second factor: recovery', 'denied badCode']);
    await other.close();
  });

  it('who has no second factor does not get in, unless the token says that there was one', async () => {
    const without = await first('new');
    expect([without.status, await without.text()]).toEqual([403, expect.stringContaining('npm run mfa -- enroll')]);
    expect(without.headers.get('set-cookie')).toBeNull();
    for (const amr of [['pwd', 'mfa'], ['otp'], ['hwk']]) expect([amr, (await first('new', 'admin', { amr })).headers.get('location')]).toEqual([amr, '/']);
    for (const amr of [['pwd'], [], 'mfa', ['MFA'], { mfa: true }, [null], 7]) expect([amr, (await first('new', 'admin', { amr })).status]).toEqual([amr, 403]);
    expect((await recordsOf('new')).slice(0, 4)).toEqual(['denied noFactor', ...Array.from({ length: 3 }, () => 'allowed second factor: provider')]);
  });

  it('wrong codes lock out the person wherever they come from, however many come at once, and the right one then too', async () => {
    // One at which nothing has failed yet: the address would be locked out before the person otherwise, where tries come one after the other.
    const board = await startBoardFixture(server.url, production);
    const { secret } = await new SecondFactors({ redis: board.redis, keys: board.keys, secrets: board.keyRing.reading! }).enroll('guessed', 'Analytics');
    const halves = await Promise.all(Array.from({ length: 4 }, async () => cookieOf(await first('guessed', 'operator', {}, board))));
    const right = totpOf(secret, Date.now());
    const wrong = String((Number(right) + 500_000) % 1_000_000).padStart(6, '0');
    const statuses = await Promise.all(Array.from({ length: 20 }, async (_, n) => (await post('/sign-in/code', { code: wrong }, halves[n % 4], board)).status));
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(5);
    const locked = await post('/sign-in/code', { code: right }, halves[0], board);
    expect([locked.status, Number(locked.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect((await recordsOf('guessed', board)).filter((record) => record.startsWith('denied locked out: person'))).toHaveLength(1);
    expect(await board.redis.zcard(board.keys.lockOut.locked)).toBeGreaterThanOrEqual(1);
    await board.close();
  });
});

describe('the configuration', () => {
  it('may leave it to the identity provider in production, and asks for nothing in development unless told to', async () => {
    expect(() => parseConfig({ ...production, ANALYTICS_MFA: 'off' })).toThrow(/ANALYTICS_MFA: production does not go without/);
    for (const [environment, location] of [[{ ...production, ANALYTICS_MFA: 'provider' }, '/'], [{ ANALYTICS_TOKEN_SECRET: SECRET }, '/'], [{ ANALYTICS_TOKEN_SECRET: SECRET, ANALYTICS_MFA: 'required' }, null]] as const) {
      const board = await startBoardFixture(server.url, environment);
      const response = await first('somebody', 'admin', {}, board);
      expect([environment, response.headers.get('location')]).toEqual([environment, location]);
      await board.close();
    }
  });
});

describe('while Redis is away', () => {
  it('nobody gets in who needs a code, and a viewer does', async () => {
    const away = await startRedis();
    const board = await startBoardFixture(away.url, production);
    await new SecondFactors({ redis: board.redis, keys: board.keys, secrets: board.keyRing.reading! }).enroll('jane', 'Analytics');
    const half = cookieOf(await first('jane', 'operator', {}, board));
    await away.kill();
    expect((await post('/sign-in/code', { code: '123456' }, half, board)).status).toBe(503);
    expect((await first('jane', 'operator', {}, board)).status).toBe(503);
    expect((await first('looks', 'viewer', {}, board)).headers.get('location')).toBe('/');
    await board.close();
    await away.stop();
  }, STEP_MS * 2);
});
