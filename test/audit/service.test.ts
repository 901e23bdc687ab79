import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { AnalyticsService, EventType, type ActorService, type AuditRecord } from '../../src/index.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { person } from '../support/witness/people.js';

const type = EventType.CUSTOM;

let server: TestRedis;
let folder: string;
let service: AnalyticsService;
let auditor: ActorService;
beforeAll(async () => {
  server = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'audit-service-'));
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64'), dataDir: folder, deadlineMs: 15_000 });
  await service.trackEvents(Array.from({ length: 6 }, (_, place) => ({ type, userId: person(place % 2), properties: { place } })));
  await service.processEvents();
  const clinician = service.as({ subject: 'dr-7', roles: ['clinician'], purpose: 'treatment', panel: [person(0)], origin: '10.1.2.3' });
  await clinician.getEvents({ type });
  await clinician.countUsers({ period: 'day' }).catch(() => undefined);
  await service.as({ subject: 'researcher', roles: ['admin'], purpose: 'operations' }).getEvents({ type, userId: person(1) });
  await service.as({ subject: person(0), roles: ['self'], purpose: 'subject-request' }).getEvents({ type });
  await service.as({ subject: 'teacher', roles: ['admin'], purpose: 'emergency' }).getEvents({ type });
  auditor = service.as({ subject: 'auditor-1', roles: ['auditor'], purpose: 'audit', origin: '10.9.9.9' });
}, 60_000);
afterAll(async () => {
  await service.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const whoOf = (records: readonly AuditRecord[]) => records.map(({ actor }) => actor.subject);

describe('the audit log as an auditor asks it', () => {
  it('tells who saw a person’s data, what had to be accounted for, and what somebody saw', async () => {
    expect(whoOf((await auditor.audit.whoSaw({ userId: person(0), operation: 'events.read' })).records)).toEqual(['dr-7', person(0), 'teacher']);
    expect(whoOf((await auditor.audit.whoSaw({ userId: person(0), operation: 'events.read', disclosures: true })).records)).toEqual(['teacher']);
    const { records } = await auditor.audit.seenBy({ actor: 'dr-7' });
    expect(records.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual(['events.read allowed', 'users.count denied']);
    expect((await auditor.audit.list({ origin: '10.1.2.3' })).records).toEqual(records);
    expect(records[0]!.subjects).toEqual(await auditor.audit.pseudonyms([person(0)]));
  });

  it('is recorded before it is answered: who asked, about whom or about what actor', async () => {
    await auditor.audit.whoSaw({ userId: person(1) });
    await auditor.audit.seenBy({ actor: 'dr-7' });
    const { records } = await service.audit.seenBy({ actor: 'auditor-1', operation: 'audit.read', limit: 1000 });
    const [saw, seen] = records.slice(-2);
    expect(saw).toMatchObject({ purpose: 'audit', outcome: 'allowed', count: 2, origin: '10.9.9.9', subjects: await service.audit.pseudonyms([person(1)]) });
    expect(seen).toMatchObject({ count: 2, reason: 'seen by dr-7' });
  });

  it('is refused to who may not read it, and that is recorded', async () => {
    const operator = service.as({ subject: 'operator-1', roles: ['operator'], purpose: 'operations' });
    await expect(operator.audit.list()).rejects.toMatchObject({ code: 'FORBIDDEN', operation: 'audit.read' });
    await expect(operator.audit.stream().next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(operator.audit.export('fhir').next()).rejects.toMatchObject({ code: 'FORBIDDEN', operation: 'audit.export' });
    expect((await operator.audit.verify()).findings).toEqual([]);
    const { records } = await service.audit.seenBy({ actor: 'operator-1' });
    expect(records.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual(['audit.read denied', 'audit.read denied', 'audit.export denied', 'audit.verify allowed']);
  });

  it('comes to an end as a stream, though reading it makes it longer; and gives what pages give', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ operation: fc.constantFrom('events.read', 'audit.read'), userId: fc.constantFrom(person(0), person(1)) }, { requiredKeys: [] }), fc.integer({ min: 1, max: 5 }), async (filter, limit) => {
        const streamed: AuditRecord[] = [];
        for await (const record of service.audit.stream(filter)) streamed.push(record);
        const paged: AuditRecord[] = [];
        for (let cursor: string | undefined; paged.length < streamed.length; ) {
          const page = await service.audit.list({ ...filter, limit, ...(cursor !== undefined && { cursor }) });
          paged.push(...page.records);
          ({ cursor } = page);
          if (cursor === undefined) break;
        }
        expect(paged.slice(0, streamed.length)).toEqual(streamed);
      }),
      { numRuns: 12 },
    );
  });

  it('exports what it holds, and says so first', async () => {
    const lines: { resourceType: string }[] = [];
    for await (const line of auditor.audit.export('fhir')) lines.push(JSON.parse(line) as { resourceType: string });
    expect(new Set(lines.map(({ resourceType }) => resourceType))).toEqual(new Set(['AuditEvent']));
    expect((await service.audit.list({ operation: 'audit.export', outcome: 'allowed' })).records).toMatchObject([{ actor: { subject: 'auditor-1' }, reason: 'fhir' }]);
  });

  it('has upkeep that was started by hand, and refuses it where that cannot be recorded', async () => {
    await service.merge();
    await service.cleanup();
    const { records } = await service.audit.list({ operation: 'store.maintain' });
    expect(records.map(({ actor, reason }) => `${actor.subject} ${reason}`)).toEqual(['application merge', 'application cleanup']);
    const { publicKey } = await keyRingFromMaster(randomBytes(32));
    const producer = new AnalyticsService({ redisUrl: server.url, redisPrefix: 'other:', publicKey, deadlineMs: 15_000 });
    await expect(producer.cleanup()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await expect(producer.audit.list()).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    await producer.close();
  });

  it('refuses options that are none with no word of them', async () => {
    const { audit } = auditor;
    const bad = [{ userId: 'secret-user', limit: 0 }, { userId: 7 }, { actor: 'secret-user' }, 'secret-user', null] as unknown[];
    for (const options of bad) {
      const error = await audit.whoSaw(options as { userId: string }).catch((caught: unknown) => caught as Error);
      expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
      expect((error as Error).message).not.toContain('secret-user');
    }
    await expect(audit.pseudonyms(person(0) as unknown as string[])).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(audit.export('xml' as 'fhir').next()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
