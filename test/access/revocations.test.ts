import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Revocations } from '../../src/access/revocation/Revocations.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { until } from '../realtime/support/socket.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

async function open() {
  const redis = connect(server.url, 'patient', 'test', () => undefined);
  const keys = createKeys(`r${randomBytes(4).toString('hex')}:`);
  const secrets = (await keyRingFromMaster(randomBytes(32))).reading!.audit;
  const make = (): Revocations => new Revocations({ redis, keys, secrets, onError: () => undefined });
  return { redis, keys, make };
}

describe('revocations', () => {
  it('reach another process within two seconds: a token, a key, and all that somebody was given until then', async () => {
    const { redis, make } = await open();
    const [here, there] = [make(), make()];
    await there.start();
    let news = 0;
    there.watch(() => (news += 1));
    const token = { subject: people.ada, via: 'token:id-1', issuedAt: 1000 } as const;
    const key = { subject: 'exporter', via: 'key:k1', issuedAt: 1000 } as const;
    expect([token, key].map((identity) => there.isRevoked(identity))).toEqual([false, false]);

    const startedAt = performance.now();
    await here.revoke({ token: 'id-1' });
    await until(() => there.isRevoked(token));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(there.isRevoked({ ...token, via: 'token:id-2' })).toBe(false);
    await here.revoke({ key: 'k1' });
    await until(() => there.isRevoked(key));

    const now = Date.now();
    await here.revoke({ subject: people.bob }, now);
    await until(() => there.isRevoked({ subject: people.bob, via: 'token:id-3', issuedAt: now }));
    expect(there.isRevoked({ subject: people.bob, via: 'token', issuedAt: undefined })).toBe(true);
    expect(there.isRevoked({ subject: people.bob, via: 'token:id-4', issuedAt: now + 1 })).toBe(false);
    expect(there.isRevoked({ subject: people.ann, via: 'token:id-3', issuedAt: 0 })).toBe(false);
    expect(news).toBeGreaterThanOrEqual(1);
    await Promise.all([here.close(), there.close()]);
    redis.disconnect();
  });

  it('are forgotten when the token would have ended by itself, name nobody in clear, and hold while Redis is away', async () => {
    const { redis, keys, make } = await open();
    const revocations = make();
    await revocations.revoke({ token: 'short', expiresAt: 2000 }, 1000);
    await revocations.revoke({ subject: 'CANARY' }, 3000);
    const fields = Object.keys(await redis.hgetall(keys.revocations));
    expect(fields).toHaveLength(2);
    expect(fields.join()).not.toContain('CANARY');
    await revocations.start();
    await until(() => revocations.isRevoked({ subject: 'CANARY', via: 'token', issuedAt: 1 }));
    redis.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(revocations.isRevoked({ subject: 'CANARY', via: 'token', issuedAt: 1 })).toBe(true);
    await revocations.close();
  });
});
