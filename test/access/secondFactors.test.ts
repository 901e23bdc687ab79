import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Redis } from 'ioredis';

import { SecondFactors } from '../../src/access/secondFactors/SecondFactors.js';
import { ApiKeys } from '../../src/access/apiKeys/ApiKeys.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { rekeyStore } from '../../src/rekeying/rekeyStore.js';
import { keyRingFromList, type ReadingKeys } from '../../src/security/KeyRing.js';
import { clearForms } from '../support/clearForms.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { redisStrings } from '../support/redisContent.js';
import { totpOf } from '../support/totp.js';

const keys = createKeys('analytics:');
const NOW = 1_800_000_015_000;
const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];

let server: TestRedis;
let redis: Redis;
let secrets: ReadingKeys;
let factors: SecondFactors;
beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'failFast', 'test', () => undefined);
  secrets = (await keyRingFromList({ current: oldKey, older: [], next: [], lasting: undefined })).reading!; // a master key reads
});
beforeEach(async () => {
  await redis.flushall();
  factors = new SecondFactors({ redis, keys, secrets });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

describe('the codes of the tests', () => {
  it('are those of RFC 6238', () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'; // "12345678901234567890"
    expect([59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000].map((second) => totpOf(secret, second * 1000))).toEqual(['287082', '081804', '050471', '005924', '279037']);
  });
});

describe('a second factor', () => {
  it('takes the code of now, of a step before and of a step after, and no other', async () => {
    for (const steps of [-2, -1, 0, 1, 2]) {
      const { secret } = await factors.enroll(`person${steps}`, 'Analytics', NOW);
      expect([steps, await factors.check(`person${steps}`, totpOf(secret, NOW, steps), NOW)]).toEqual([steps, Math.abs(steps) <= 1 ? 'code' : 'wrong']);
    }
  });

  it('takes each code once, and none from before one that was used, also where two processes see it at once', async () => {
    const { secret } = await factors.enroll('jane', 'Analytics', NOW);
    const other = new SecondFactors({ redis, keys, secrets });
    const code = totpOf(secret, NOW);
    const answers = await Promise.all([factors, other, factors, other].map(async (one) => one.check('jane', code, NOW)));
    expect(answers.toSorted()).toEqual(['code', 'used', 'used', 'used']);
    expect(await other.check('jane', totpOf(secret, NOW, -1), NOW)).toBe('used');
    expect(await other.check('jane', ` ${totpOf(secret, NOW, 1).slice(0, 3)} ${totpOf(secret, NOW, 1).slice(3)}\n`, NOW)).toBe('code');
  });

  it('takes each recovery code once, however it is typed', async () => {
    const { recoveryCodes } = await factors.enroll('jane', 'Analytics', NOW);
    expect([recoveryCodes.length, new Set(recoveryCodes).size]).toEqual([10, 10]);
    const [first = '', second = ''] = recoveryCodes;
    const answers = await Promise.all([first, first.toUpperCase(), first.replace('-', ' ')].map(async (typed) => factors.check('jane', typed, NOW)));
    expect(answers.toSorted()).toEqual(['recovery', 'wrong', 'wrong']);
    await factors.enroll('joe', 'Analytics', NOW);
    expect([await factors.check('joe', second, NOW), await factors.check('jane', second, NOW)]).toEqual(['wrong', 'recovery']);
    expect((await factors.list()).people).toEqual([
      { subject: 'jane', enrolledAt: NOW, recoveryCodesLeft: 8 },
      { subject: 'joe', enrolledAt: NOW, recoveryCodesLeft: 10 },
    ]);
  });

  it('is another when it is made anew, and none when it was removed', async () => {
    const before = await factors.enroll('jane', 'Analytics', NOW);
    const after = await factors.enroll('jane', 'Analytics', NOW);
    expect([await factors.check('jane', totpOf(before.secret, NOW), NOW), await factors.check('jane', before.recoveryCodes[0]!, NOW)]).toEqual(['wrong', 'wrong']);
    expect([await factors.isEnrolled('jane'), await factors.remove('jane'), await factors.remove('jane'), await factors.isEnrolled('jane')]).toEqual([true, true, false, false]);
    expect([await factors.check('jane', totpOf(after.secret, NOW), NOW), await factors.check('jane', after.recoveryCodes[0]!, NOW), await redis.exists(keys.secondFactors)]).toEqual(['wrong', 'wrong', 0]);
  });

  it('comes as what authenticators take', async () => {
    const { uri, secret } = await factors.enroll('jane@example.org', 'Clinic: board', NOW);
    const url = new URL(uri);
    expect([url.protocol, url.host, decodeURIComponent(url.pathname.slice(1)), url.searchParams.get('secret'), url.searchParams.get('issuer')]).toEqual(['otpauth:', 'totp', 'Clinic: board:jane@example.org', secret, 'Clinic: board']);
    // 160 bits: RFC 4226 section 4.
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  });

  it('rests where it tells nothing, opens nowhere else, and under no other key', async () => {
    const { secret, recoveryCodes } = await factors.enroll('jane.doe@example.org', 'Analytics', NOW);
    await factors.enroll('joe', 'Analytics', NOW);
    const strings = await redisStrings(redis);
    for (const form of [secret, 'jane.doe@example.org', recoveryCodes[0]!].flatMap(clearForms)) {
      for (const { key, bytes } of strings) expect([key, form.form, bytes.includes(form.bytes)]).toEqual([key, form.form, false]);
    }
    // Who may write to Redis gives joe the factor of jane, whose code they know.
    const [jane, joe] = ['jane.doe@example.org', 'joe'].map((subject) => `f:${secrets.fingerprints.secondFactor(subject).toString('base64url')}`);
    await redis.hset(keys.secondFactors, joe!, (await redis.hgetBuffer(keys.secondFactors, jane!))!);
    await expect(factors.check('joe', totpOf(secret, NOW), NOW)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(factors.isEnrolled('joe')).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    expect(await factors.list()).toMatchObject({ people: [{ subject: 'jane.doe@example.org' }], broken: 1 });
  });

  it('takes nothing that is no code', async () => {
    const { secret } = await factors.enroll('jane', 'Analytics', NOW);
    const right = totpOf(secret, NOW);
    const hostile = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('', '0', '000000', `${right}0`, `0${right}`, `-${right}`, `${right}\u0000`, '１２３４５６', 'e'.repeat(10), '__proto__'), fc.stringMatching(/^\d{6}$/));
    await fc.assert(
      fc.asyncProperty(hostile, async (typed) => {
        fc.pre(![-1, 0, 1].some((steps) => totpOf(secret, NOW, steps) === typed.replaceAll(/\s/g, '')));
        expect(await factors.check('jane', typed, NOW)).toBe('wrong');
      }),
      { numRuns: 30 },
    );
    expect(await factors.check('nobody', right, NOW)).toBe('wrong');
    await expect(factors.enroll('', 'Analytics')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await factors.check('jane', right, NOW)).toBe('code');
  });
});

describe('a rotation of keys', () => {
  it('takes second factors and API keys along, so that they open without the old key', async () => {
    const { secret, recoveryCodes } = await factors.enroll('jane', 'Analytics', NOW);
    const revocations = { revoke: async () => Promise.resolve() };
    const { key } = await new ApiKeys({ redis, keys, fields: secrets.fields, revocations }).create({ subject: 'exporter', roles: ['analyst'], purpose: 'research' });
    const both = (await keyRingFromList({ current: newKey, older: [oldKey], next: [], lasting: undefined })).reading!;
    expect(await rekeyStore({ redis, keys, secrets: both }, 'rotate')).toMatchObject({ resealed: 2, failed: 0, isComplete: true });
    const after = (await keyRingFromList({ current: newKey, older: [], next: [], lasting: both.lastingKeys() })).reading!;
    const later = new SecondFactors({ redis, keys, secrets: after });
    expect([await later.check('jane', totpOf(secret, NOW), NOW), await later.check('jane', recoveryCodes[3]!, NOW)]).toEqual(['code', 'recovery']);
    expect(await new ApiKeys({ redis, keys, fields: after.fields, revocations }).verify(key)).toMatchObject({ subject: 'exporter' });
  });
});
