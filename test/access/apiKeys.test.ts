import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ApiKeys } from '../../src/access/apiKeys/ApiKeys.js';
import { Revocations } from '../../src/access/revocation/Revocations.js';
import { AccessError, AnalyticsService, EventType, UnauthenticatedError, ValidationError } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys, type Keys } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/RedisClient.js';
import { keyRingFromMaster, type ReadingKeys } from '../../src/security/KeyRing.js';
import { until } from '../realtime/support/socket.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const master = randomBytes(32);
const DAY_MS = 86_400_000;

let server: TestRedis;
let redis: RedisClient;
let reading: ReadingKeys;
let service: AnalyticsService;
const keys: Keys = createKeys('keys:');
beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'patient', 'test', () => undefined);
  service = new AnalyticsService({ redisUrl: server.url, redisPrefix: 'keys:', encryptionKey: master.toString('base64'), deadlineMs: 30_000 });
  await service.trackEvent({ type: EventType.CUSTOM, userId: people.ann, properties: { n: 1 } });
  await service.processEvents();
  reading = (await keyRingFromMaster(master)).reading!;
});
afterAll(async () => {
  await service.close();
  redis.disconnect();
  await server.stop();
});

function open(): ApiKeys {
  return new ApiKeys({ redis, keys, fields: reading.fields, revocations: new Revocations({ redis, keys, secrets: reading.audit, onError: () => undefined }) });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof UnauthenticatedError ? error.reason : `not refused: ${String(error)}`;
}

describe('API keys', () => {
  it('can be told by their beginning, name themselves, and are nowhere kept', async () => {
    const { key, info } = await open().create({ subject: 'CANARY-program', roles: ['analyst'], purpose: 'research' });
    expect(key).toMatch(new RegExp(`^aak_${info.id}_[\\w-]{43}$`));
    const stored = Buffer.concat(Object.values(await redis.hgetallBuffer(keys.apiKeys))).toString('latin1');
    for (const text of [key.split('_').slice(2).join('_'), 'CANARY-program', 'analyst']) expect(stored).not.toContain(text);
    expect(JSON.stringify(await open().list())).not.toContain('hash');
    expect(await open().verify(key)).toMatchObject({ subject: 'CANARY-program', roles: ['analyst'], purpose: 'research', via: `key:${info.id}` });
  });

  it('are refused when they are any other text, without a word of it', async () => {
    const keyring = open();
    const { key, info } = await keyring.create({ subject: 'program', roles: ['viewer'] });
    const changed = `${key.slice(0, -1)}${key.endsWith('A') ? 'E' : 'A'}`;
    expect(await refusal(keyring.verify(changed))).toBe('key');
    expect(await refusal(keyring.verify(key.replace(info.id, '0'.repeat(16))))).toBe('key');
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string().map((text) => `aak_${text}`), fc.string().map((text) => key + text).filter((text) => text !== key)), async (text) => {
        expect(['malformed', 'key']).toContain(await refusal(keyring.verify(text)));
      }),
      { numRuns: 100 },
    );
    for (const bad of [{ subject: '', roles: ['viewer'] }, { subject: 'x', roles: [] }, { subject: 'x', roles: ['root'] }, { subject: 'x', roles: ['viewer'], purpose: 'emergency' }, { subject: 'x', roles: ['viewer'], ttlSeconds: 1e9 }]) {
      await expect(keyring.create(bad as never)).rejects.toBeInstanceOf(ValidationError);
    }
  });

  it('end by themselves, and are rotated with an overlap', async () => {
    const keyring = open();
    const now = Date.now();
    const first = await keyring.create({ subject: 'program', roles: ['viewer'], ttlSeconds: 10 * 86_400 });
    const second = await keyring.rotate(first.info.id, 3600, now);
    expect(second.info).toMatchObject({ subject: 'program', roles: ['viewer'], replaces: first.info.id });
    for (const { key } of [first, second]) expect(await keyring.verify(key, now + 3_599_000)).toMatchObject({ subject: 'program' });
    expect(await refusal(keyring.verify(first.key, now + 3_601_000))).toBe('expired');
    expect(await keyring.verify(second.key, now + 9 * DAY_MS)).toMatchObject({ subject: 'program' });
    expect(await refusal(keyring.verify(second.key, now + 11 * DAY_MS))).toBe('expired');
    for (const id of ['', '../x', '0'.repeat(16)]) await expect(keyring.rotate(id, 1)).rejects.toBeInstanceOf(ValidationError);
  });

  it('give the service as they allow, and no longer within two seconds of being revoked', async () => {
    const keyring = open();
    const { key, info } = await keyring.create({ subject: 'dr-1', roles: ['clinician'], purpose: 'treatment', panel: [people.ann] });
    const actor = await service.authenticate(key);
    expect(await actor.getEvents({ type: EventType.CUSTOM })).toMatchObject([{ userId: people.ann }]);
    await expect(actor.countUsers({ period: 'day' })).rejects.toBeInstanceOf(AccessError);
    const startedAt = performance.now();
    await keyring.revoke(info.id);
    await until(async () => (await refusal(actor.countEvents({ type: EventType.CUSTOM }))) !== 'not refused: undefined');
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(['revoked', 'key']).toContain(await refusal(actor.getEvents({ type: EventType.CUSTOM })));
    expect(['revoked', 'key']).toContain(await refusal(service.authenticate(key)));
    expect(await refusal(service.authenticate('nonsense'))).toBe('malformed');
  });
});
