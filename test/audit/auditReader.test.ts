import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { AuditEntry, AuditLog } from '../../src/audit/AuditLog.js';
import { packChain } from '../../src/audit/upkeep/packChain.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import type { AuditStreamOptions } from '../../src/audit/queries/auditOptions.js';
import type { FoundRecord } from '../../src/audit/queries/searchChain.js';
import { openAuditScene, sampleEntry, type AuditScene } from './support/auditScene.js';
import { people } from '../support/witness/people.js';

let scene: AuditScene;
beforeAll(async () => {
  scene = await openAuditScene();
});
afterAll(async () => scene.end());

type Place = ReturnType<AuditScene['place']>;
const readerOf = ({ source, folder }: Place) => new AuditReader({ source, secrets: scene.secrets, folders: [folder] });
async function packAll({ source, keys }: Place, least = 3): Promise<void> {
  for (const chain of (await source.heads()).keys()) await packChain({ redis: scene.redis, keys: keys.audit, secrets: scene.secrets, least, isLate: () => false }, chain);
}

const users = [people.eve, 'user-2', 'üser 3', '👩‍⚕️', 'application'];
const text = fc.oneof(fc.constantFrom(...users, 'dr-jones', 'key:k_1', 'k_1', '0f8b6c1e', 'token', 'events.read', '10.1.2.3'), fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }));
const entry: fc.Arbitrary<AuditEntry> = fc.record(
  {
    actor: fc.record({ subject: text, roles: fc.array(fc.constantFrom('self', 'admin', 'clinician', 'röle'), { maxLength: 3 }), via: fc.constantFrom('application', 'token', 'key:k_1', 'token:0f8b6c1e', 'emergency:10.1.2.3') }),
    operation: fc.constantFrom('events.read', 'deadletters.inspect', 'some.other'),
    outcome: fc.constantFrom('allowed' as const, 'denied' as const, 'failed' as const),
    purpose: fc.constantFrom('treatment', 'research', 'none'),
    subjects: fc.array(fc.constantFrom(...users), { maxLength: 6 }),
    series: text,
    count: fc.oneof(fc.nat(), fc.constantFrom(Number.MAX_SAFE_INTEGER, -1, NaN, 1.5, Infinity)),
    origin: text,
    reason: fc.string({ unit: 'binary', maxLength: 3000 }),
  },
  { requiredKeys: ['actor', 'operation', 'outcome', 'purpose'] },
);

async function streamed(reader: AuditReader, options?: AuditStreamOptions): Promise<FoundRecord[]> {
  const all: FoundRecord[] = [];
  for await (const one of reader.stream(options)) all.push(one);
  return all;
}
const byPlace = (records: readonly FoundRecord[]) => records.toSorted((one, other) => one.chain.localeCompare(other.chain) || one.seq - other.seq);

async function pagesOf(read: (cursor: string | undefined) => Promise<{ readonly records: readonly FoundRecord[]; readonly cursor?: string }>): Promise<FoundRecord[]> {
  const all: FoundRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    all.push(...page.records);
    ({ cursor } = page);
  } while (cursor !== undefined);
  return all;
}

describe('queries of the audit log', () => {
  it('find what an oracle finds, page by page, packed or not, whatever was recorded', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 30 }), fc.constantFrom(...users), text, fc.integer({ min: 1, max: 7 }), fc.boolean(), async (entries, userId, actor, limit, isPacked) => {
        const place = scene.place();
        let at = 1_700_000_000_000;
        const now = () => (at += 7) + 1_000_000 * (at % 3); // clocks that go back, too
        const logs: AuditLog[] = [place.open({ now }), place.open({ now })];
        for (const [index, one] of entries.entries()) await logs[index % 2]!.record(one);
        await Promise.all(logs.map(async (log) => log.close()));
        if (isPacked) await packAll(place);
        const reader = readerOf(place);
        const subject = reader.pseudonym(userId);
        const all = await pagesOf((cursor) => reader.list({ limit, ...(cursor !== undefined && { cursor }) }));
        expect(all).toHaveLength(entries.length);
        expect(all.map((one) => one.at)).toEqual(all.map((one) => one.at).toSorted((one, other) => one - other));
        const saw = await pagesOf((cursor) => reader.whoSaw({ userId, limit, ...(cursor !== undefined && { cursor }) }));
        expect(saw).toEqual(all.filter((one) => one.subjects?.includes(subject) === true));
        expect(saw).toHaveLength(entries.filter(({ subjects }) => subjects?.includes(userId) === true).length);
        const wellFormed = actor.slice(0, 256).toWellFormed();
        if (wellFormed === actor) {
          const seen = await pagesOf((cursor) => reader.seenBy({ actor, limit, ...(cursor !== undefined && { cursor }) }));
          const isTheirs = ({ actor: { subject: who, via } }: FoundRecord): boolean => [who, via, via.slice(via.indexOf(':') + 1)].includes(actor);
          expect(seen).toEqual(all.filter(isTheirs));
          const narrowed = { actor, userId, outcome: 'allowed' as const, operation: 'events.read' };
          const isWanted = (one: FoundRecord): boolean => isTheirs(one) && one.subjects?.includes(subject) === true && one.outcome === 'allowed' && one.operation === 'events.read';
          expect((await reader.list({ ...narrowed, limit: 1000 })).records).toEqual(all.filter(isWanted));
          expect((await reader.list({ origin: actor, limit: 1000 })).records).toEqual(all.filter(({ origin }) => origin === actor));
          expect(new Set(await streamed(reader, narrowed))).toEqual(new Set(all.filter(isWanted)));
        }
        expect(byPlace(await streamed(reader))).toEqual(byPlace(all));
        const [from, to] = [all[Math.floor(all.length / 3)]!.at, all.at(-1)!.at];
        expect((await reader.list({ from, to, limit: 1000 })).records).toEqual(all.filter((one) => one.at >= from && one.at < to));
        expect((await reader.verify()).findings).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('account for disclosures: not those for treatment, payment and operations, nor the person’s own', async () => {
    const place = scene.place();
    const log = place.open();
    const kinds = ['treatment', 'payment', 'operations', 'research', 'audit'].map((purpose): AuditEntry => ({ ...sampleEntry, purpose }));
    const own: AuditEntry = { ...sampleEntry, purpose: 'none', actor: { subject: people.eve, roles: ['self'], via: 'token' } };
    for (const one of [...kinds, own, { ...sampleEntry, purpose: 'research', outcome: 'denied' } satisfies AuditEntry]) await log.record(one);
    await log.close();
    const { records } = await readerOf(place).whoSaw({ userId: people.eve, disclosures: true });
    expect(records.map(({ purpose }) => purpose)).toEqual(['research', 'audit']);
  });

  it('end with an error that names the record when one is missing, instead of leaving it out', async () => {
    const place = scene.place();
    const log = place.open();
    for (let count = 0; count < 5; count += 1) await log.record(sampleEntry);
    await log.close();
    const [chain] = [...(await place.source.heads()).keys()] as [string];
    const key = place.keys.audit.tail(chain);
    await scene.redis.lrem(key, 1, (await scene.redis.lindexBuffer(key, 2))!);
    await expect(readerOf(place).whoSaw({ userId: people.eve })).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', chain, seq: 3 });
  });

  it.each([
    ['changed in what it says of its times, where these would leave it out', (block: Buffer) => block.fill(0xff, 25, 37)],
    ['changed in how many it says it holds', (block: Buffer) => block.fill(1, 23, 25)],
    ['said to be the first that is kept', (block: Buffer) => block.fill(3, 0, 1)],
    ['cut off', (block: Buffer) => block.subarray(0, 40)],
  ])('end with an error that names the record when a block was %s', async (_how, spoil) => {
    const place = scene.place();
    const log = place.open();
    for (let count = 0; count < 12; count += 1) await log.record(sampleEntry);
    await log.close();
    await packAll(place);
    const [chain] = [...(await place.source.heads()).keys()] as [string];
    const block = (await scene.redis.lindexBuffer(place.keys.audit.blocks(chain), 0))!;
    const reader = readerOf(place);
    for (const times of [{}, { to: 1 }, { from: Date.now() + 1e6 }]) await expect(reader.list(times)).resolves.toBeDefined();
    await scene.redis.lset(place.keys.audit.blocks(chain), 0, spoil(Buffer.from(block)));
    for (const times of [{}, { to: 1 }, { from: Date.now() + 1e6 }]) await expect(reader.list(times)).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', chain, seq: 1 });
    await expect(streamed(reader)).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', seq: 1 });
  });

  it('end with an error when the latest records, or the first ones, are gone, also of a time that is not asked for', async () => {
    const place = scene.place();
    const log = place.open();
    for (let round = 0; round < 2; round += 1) {
      for (let count = 0; count < 6; count += 1) await log.record(sampleEntry);
      await packAll(place);
    }
    await log.record(sampleEntry);
    await log.close();
    const [chain] = [...(await place.source.heads()).keys()] as [string];
    const { audit } = place.keys;
    const [blocks, tail] = [audit.blocks(chain), audit.tail(chain)];
    const reader = readerOf(place);
    const latest = (await scene.redis.rpopBuffer(tail))!;
    for (const times of [{}, { to: 1 }]) await expect(reader.list(times)).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', seq: 13 });
    await scene.redis.rpush(tail, latest);
    expect((await reader.list()).records).toHaveLength(13);
    await scene.redis.lpop(blocks);
    for (const times of [{}, { to: 1 }]) await expect(reader.list(times)).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', seq: 1 });
    await scene.redis.lpop(blocks);
    await expect(reader.list()).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', seq: 1 });
  });

  it('refuse options that are none, and say nothing of what was given', async () => {
    const reader = readerOf(scene.place());
    for (const options of [{ userId: '' }, { userId: people.eve, limit: 0 }, { userId: people.eve, cursor: 'secret' }, { userId: people.eve, nobody: 1 }, undefined]) {
      const error = await reader.whoSaw(options as { userId: string }).catch((caught: unknown) => caught as Error);
      expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
      expect((error as Error).message).not.toMatch(/secret|user-1/);
    }
  });
});

describe('an export of the audit log', () => {
  it('as NDJSON has the bytes that were hashed: anybody can check it with SHA-256 alone', async () => {
    const place = scene.place();
    const log = place.open();
    for (let count = 0; count < 8; count += 1) await log.record({ ...sampleEntry, count });
    await log.close();
    await packAll(place);
    let previous = '0'.repeat(64);
    let lines = 0;
    for await (const line of readerOf(place).export('ndjson')) {
      const record = JSON.parse(line) as { previous: string; seq: number };
      expect(record).toMatchObject({ previous, seq: ++lines });
      expect(Object.keys(record)).toEqual(Object.keys(record).toSorted());
      previous = createHash('sha256').update(line).digest('hex');
    }
    expect(lines).toBe(8);
    expect([...(await place.source.heads()).values()].map(({ hash }) => hash)).toEqual([previous]);
  });

  it('as FHIR has an AuditEvent for each record, with pseudonyms for persons', async () => {
    const place = scene.place();
    const log = place.open();
    await log.record(sampleEntry);
    await log.record({ ...sampleEntry, outcome: 'denied', reason: 'FORBIDDEN', subjects: [people.eve, 'user-2'] });
    await log.close();
    const lines: string[] = [];
    for await (const line of readerOf(place).export('fhir')) lines.push(line);
    expect(lines.join()).not.toContain(people.eve);
    const [read, denied] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(read).toMatchObject({
      resourceType: 'AuditEvent',
      meta: { profile: ['https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead'] },
      type: { code: 'rest' },
      action: 'R',
      outcome: '0',
      purposeOfEvent: [{ coding: [{ code: 'TREAT' }] }],
    });
    expect(read!['id']).toMatch(/^[A-Za-z0-9.-]{1,64}$/);
    expect(read!['agent']).toHaveLength(3);
    expect(read!['entity']).toEqual([
      expect.objectContaining({ what: { type: 'Patient', identifier: { system: 'urn:analytics-service:pseudonym', value: readerOf(place).pseudonym(people.eve) } } }),
      expect.objectContaining({ detail: [{ type: 'count', valueString: '3' }] }),
    ]);
    expect(denied).toMatchObject({ outcome: '4', outcomeDesc: 'FORBIDDEN' });
    expect(denied).not.toHaveProperty('meta');
  });
});
