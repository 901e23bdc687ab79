import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';

import { countEmergencies, Emergencies, emergencyEnds, forgetEmergencies, newEmergencySecret } from '../../src/access/emergency/Emergencies.js';
import { watchEmergencies } from '../../src/access/emergency/watchEmergencies.js';
import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { AccessError, AnalyticsService, EventType, ValidationError } from '../../src/index.js';
import { createKeys } from '../../src/redis/keys.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const type = EventType.THERAPY_SESSION;
const encryptionKey = randomBytes(32).toString('base64');
const { secret, hash } = newEmergencySecret();
const keys = createKeys('analytics:');
const request = { subject: 'dr-7', patients: [people.ann], reason: 'Unconscious in the emergency room.', secret };

let server: TestRedis;
let redis: Redis;
let folder: string;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  folder = await mkdtemp(join(tmpdir(), 'analytics-emergency-'));
  service = await open(hash);
  await service.trackEvents([people.ann, people.bob].map((userId) => ({ type, userId, properties: { duration: 3000, type: 'cbt' } })));
  await service.processEvents();
});
afterEach(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(emergencyHash: string | undefined): Promise<AnalyticsService> {
  const before = process.env['ANALYTICS_EMERGENCY_HASH'];
  if (emergencyHash !== undefined) process.env['ANALYTICS_EMERGENCY_HASH'] = emergencyHash;
  try {
    return new AnalyticsService({ redisUrl: server.url, encryptionKey, dataDir: folder, deadlineMs: 15_000 });
  } finally {
    if (before === undefined) delete process.env['ANALYTICS_EMERGENCY_HASH'];
  }
}

async function withKeys<T>(work: (emergencies: Emergencies, audit: AuditReader) => Promise<T>): Promise<T> {
  const keyRing = await loadKeyRing(parseConfig({ ANALYTICS_ENCRYPTION_KEY: encryptionKey, REDIS_URL: server.url }));
  const { fields, audit: secrets } = keyRing.reading!; // the whole key
  const reader = new AuditReader({ source: redisSource(redis, keys.audit), secrets, folders: [join(folder, 'audit')] });
  try {
    return await work(new Emergencies({ redis, keys, fields, secretHash: hash }), reader);
  } finally {
    keyRing.reading?.dataKeys.close();
  }
}

async function refused(work: Promise<unknown>): Promise<AccessError> {
  const error = await work.then(() => new Error('it was allowed'), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(AccessError);
  return error as AccessError;
}

describe('emergency access', () => {
  it('shows the patients that were named and nobody else, until it ends, and marks every read', async () => {
    const access = await service.emergency({ ...request, minutes: 5, origin: '10.1.2.3' });
    expect(access.endsAt - Date.now()).toBeLessThanOrEqual(5 * 60_000);
    expect((await access.getEvents({ type })).map(({ userId }) => userId)).toEqual([people.ann]);
    expect(await access.countEvents({ type })).toBe(1);
    await refused(access.countUsers({ period: 'day' }));
    expect((await service.getStats()).system.emergencies).toBe(1);

    await access.end();
    expect(await refused(access.getEvents({ type }))).toMatchObject({ reason: 'ended' });
    await expect(access.end()).rejects.toBeInstanceOf(ValidationError);
    expect((await service.getStats()).system.emergencies).toBe(0);

    const records = await withKeys(async (_, audit) => (await audit.list({ limit: 1000 })).records);
    expect(records.find(({ operation }) => operation === 'emergency.begin')).toMatchObject({ outcome: 'allowed', reason: request.reason, purpose: 'emergency', origin: '10.1.2.3' });
    const reads = records.filter(({ actor }) => actor.via === `emergency:${access.id}`);
    expect(reads.map(({ operation, outcome }) => `${operation} ${outcome}`).toSorted()).toEqual([
      'emergency.end allowed', 'emergency.end allowed', 'emergency.end failed', 'events.count allowed', 'events.read allowed', 'events.read denied', 'users.count denied',
    ]);
  });

  it('is refused without the second secret, and that is recorded', async () => {
    expect(await refused(service.emergency({ ...request, secret: 'another' }))).toMatchObject({ operation: 'emergency.begin', reason: 'secret' });
    await service.close();
    service = await open(undefined);
    expect(await refused(service.emergency(request))).toMatchObject({ reason: 'unconfigured' });
    const records = await withKeys(async (_, audit) => (await audit.list({ operation: 'emergency.begin', limit: 10 })).records);
    expect(records.map(({ outcome, reason }) => `${outcome} ${reason}`).toSorted()).toEqual(['denied secret', 'denied unconfigured']);
    expect(await redis.exists(keys.emergencies)).toBe(0);
  });

  it('ends by itself, and when somebody elsewhere ends it', async () => {
    const [short, long] = [await service.emergency({ ...request, minutes: 0.02 }), await service.emergency(request)];
    await withKeys(async (emergencies) => {
      await emergencies.end(long.id, 'root');
      expect((await emergencies.list()).kept.find(({ id }) => id === long.id)).toMatchObject({ endedBy: 'root', subject: 'dr-7', patients: [people.ann] });
    });
    expect(await refused(long.getEvents({ type }))).toMatchObject({ reason: 'ended' });
    while (Date.now() < short.endsAt) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await refused(short.getEvents({ type }))).toMatchObject({ reason: 'ended' });
    expect(await countEmergencies(redis, keys)).toBe(0);
  });

  it('rests sealed, and cannot be made longer by who may write to Redis', async () => {
    const { id } = await service.emergency(request);
    const value = (await redis.hgetBuffer(keys.emergencies, id))!; // it was just opened
    for (const word of ['dr-7', people.ann, 'Unconscious', secret]) expect(value.includes(word)).toBe(false);
    const longer = Buffer.from(value);
    longer.writeUIntBE(Date.now() + 86_400_000, 0, 6);
    await redis.hset(keys.emergencies, id, longer);
    await withKeys(async (emergencies) => expect(emergencies.check(id)).rejects.toMatchObject({ code: 'SEAL_BROKEN' }));
    await redis.hset(keys.emergencies, '0123456789abcdef', value);
    await withKeys(async (emergencies) => expect(emergencies.check('0123456789abcdef')).rejects.toMatchObject({ code: 'SEAL_BROKEN' }));
    const other = await service.emergency(request);
    await withKeys(async (emergencies) => {
      const { kept, broken } = await emergencies.list();
      expect([kept.map((one) => one.id), broken.toSorted()]).toEqual([[other.id], ['0123456789abcdef', id].toSorted()]);
    });
  });

  it('refuses whatever is no request, names every bad field, and repeats nothing of it', async () => {
    const odd = fc.oneof(fc.anything(), fc.record({ subject: fc.anything(), patients: fc.anything(), reason: fc.constantFrom('', 'x', 7), secret: fc.constant('the canary 4711'), minutes: fc.constantFrom(0, -1, 61, NaN, '5') }, { requiredKeys: [] }));
    await fc.assert(
      fc.asyncProperty(odd, async (given) => {
        const error = await service.emergency(given as typeof request).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(ValidationError);
        expect(String(error)).not.toContain('4711');
      }),
      { numRuns: 200 },
    );
    const error = await service.emergency({ ...request, subject: '', patients: [], reason: 'short', minutes: 90 }).catch((reason: unknown) => reason);
    expect((error as ValidationError).issues.map(({ path }) => path).toSorted()).toEqual(['minutes', 'patients', 'reason', 'subject']);
  });

  it('is alarmed about once, and once more when it has ended, without a word of who or whom', async () => {
    const lines: [string, string, object | undefined][] = [];
    const log = (level: string) => (sentence: string, fields?: object) => void lines.push([level, sentence, fields]);
    const logger = { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug') };
    const look = watchEmergencies(redis, keys, logger);
    await look();
    // What is none of ours does not keep the alarm from ringing; it rings for that, too, if it seems to go on.
    await redis.hset(keys.emergencies, '0123456789abcdef', 'x');
    const access = await service.emergency({ ...request, isDrill: true });
    await look();
    await look();
    await access.end();
    await look();
    await look();
    const short = await service.emergency(request);
    await short.end();
    await look();
    const levelsOf = (id: string) => lines.flatMap(([level, , fields]) => ((fields as { session: string }).session === id ? [level] : []));
    expect(levelsOf(short.id)).toEqual(['error', 'warn']);
    const said = lines.filter(([, , fields]) => (fields as { session: string }).session === access.id);
    expect(said.map(([level, sentence]) => `${level} ${sentence.slice(0, 5)}`)).toEqual(['error ALARM', 'warn An em']);
    const { durationMs } = said[0]![2] as { durationMs: number }; // it was said
    expect([durationMs > 895_000, durationMs <= 900_000]).toEqual([true, true]);
    expect(JSON.stringify(lines)).not.toMatch(/dr-7|ann|Unconscious/);
    await forgetEmergencies(redis, keys, Date.now() + 1000);
    expect(await emergencyEnds(redis, keys)).toEqual(new Map());
  });
});
