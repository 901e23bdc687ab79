import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { packChain } from '../../src/audit/upkeep/packChain.js';
import { openAuditScene, sampleEntry, type AuditScene } from './support/auditScene.js';

let scene: AuditScene;

beforeAll(async () => {
  scene = await openAuditScene(['--appendonly', 'yes', '--appendfsync', 'always']);
});
afterAll(async () => scene.end());

const readerOf = ({ source, folder }: ReturnType<AuditScene['place']>) => new AuditReader({ source, secrets: scene.secrets, folders: [folder] });
async function countsOf(reader: AuditReader): Promise<number[]> {
  const counts: number[] = [];
  for await (const line of reader.export('ndjson')) counts.push((JSON.parse(line) as { count: number }).count);
  return counts.sort((one, other) => one - other);
}

describe('writers of one audit log', () => {
  it('leave every record once, in chains that verify, however many write and pack at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.record({ writer: fc.nat({ max: 4 }), records: fc.integer({ min: 1, max: 40 }), hours: fc.nat({ max: 1 }) }), { maxLength: 12 }), async (writers, bursts) => {
        const place = scene.place();
        let hours = 0;
        // An hour later a chain counts as left: another may go on with it, and so meet its writer.
        const logs = Array.from({ length: writers }, () => place.open({ now: () => Date.now() + hours * 3_600_000 }));
        let count = 0;
        const under: Promise<void>[] = [];
        for (const burst of bursts) {
          hours += burst.hours;
          const log = logs[burst.writer % writers]!;
          for (let one = 0; one < burst.records; one += 1) under.push(log.record({ ...sampleEntry, count: count++ }));
          if (burst.hours > 0) {
            const chains = [...(await place.source.heads()).keys()];
            const pack = async (chain: string) => packChain({ redis: scene.redis, keys: place.keys.audit, secrets: scene.secrets, least: 5, isLate: () => false }, chain);
            await Promise.all([...chains, ...chains].map(pack));
          }
        }
        await Promise.all(under);
        await Promise.all(logs.map(async (log) => log.close()));
        const reader = readerOf(place);
        expect(await countsOf(reader)).toEqual(Array.from({ length: count }, (_, one) => one));
        const report = await reader.verify();
        expect(report.findings).toEqual([]);
        expect(report).toMatchObject({ records: count, unsigned: 0 });
      }),
      { numRuns: 25 },
    );
  });

  it('leave nothing lying that comes at the moment when the one before is done', async () => {
    const place = scene.place();
    const log = place.open();
    for (let round = 0; round < 100; round += 1) await Promise.all(Array.from({ length: 8 }, async () => log.record(sampleEntry)));
    await log.close();
    expect((await place.source.heads()).values().next().value).toMatchObject({ seq: 800 });
  });

  it('refuse within two seconds while Redis hangs, and go on with the chain afterwards', async () => {
    const place = scene.place();
    const log = place.open();
    await log.record({ ...sampleEntry, count: 0 });
    await scene.server.kill('SIGSTOP');
    const startedAt = performance.now();
    const refused = await Promise.allSettled([1, 2].map(async (count) => log.record({ ...sampleEntry, count })));
    await scene.server.kill('SIGCONT');
    expect(performance.now() - startedAt).toBeLessThan(4000);
    for (const one of refused) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'AUDIT_UNAVAILABLE' } });
    // Its connection is busy with what hung, for a moment.
    for (let isIn = false; !isIn; await sleep(20)) {
      isIn = await log.record({ ...sampleEntry, count: 3 }).then(
        () => true,
        () => false,
      );
    }
    await log.close();
    const reader = readerOf(place);
    // What was refused may be recorded all the same, and never twice.
    const counts = await countsOf(reader);
    expect(counts.filter((count) => count !== 1)).toEqual([0, 3]);
    expect((await reader.verify()).findings).toEqual([]);
    expect((await place.source.heads()).size).toBe(1);
  });

  it('append again what Redis lost of a chain, with the same hashes', async () => {
    const place = scene.place();
    const { audit } = place.keys;
    const log = place.open();
    for (let count = 0; count < 5; count += 1) await log.record({ ...sampleEntry, count });
    const [chain] = [...(await place.source.heads()).keys()] as [string];
    const before = { head: (await scene.redis.hgetBuffer(audit.heads, chain))!, tail: await scene.redis.lrangeBuffer(audit.tail(chain), 0, -1) };
    for (let count = 5; count < 9; count += 1) await log.record({ ...sampleEntry, count });
    // As a failover leaves it, to a replica that was behind.
    await scene.redis.multi().hset(audit.heads, chain, before.head).ltrim(audit.tail(chain), 0, before.tail.length - 1).exec();
    await log.record({ ...sampleEntry, count: 9 });
    await log.close();
    const reader = readerOf(place);
    expect(await countsOf(reader)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await reader.verify()).toMatchObject({ findings: [], chains: 1, records: 10, unsigned: 0 });
  });

  it('do not hide that a chain was cut by somebody: its writer goes on elsewhere, and the cut is found', async () => {
    const place = scene.place();
    const log = place.open();
    for (let count = 0; count < 5; count += 1) await log.record({ ...sampleEntry, count });
    await log.close();
    const [chain] = [...(await place.source.heads()).keys()] as [string];
    await scene.redis.ltrim(place.keys.audit.tail(chain), 0, 2);
    const other = place.open();
    await other.record({ ...sampleEntry, count: 5 });
    await other.close();
    expect((await readerOf(place).verify()).findings).toEqual([expect.objectContaining({ kind: 'record', chain, seq: 4 })]);
    await scene.redis.del(place.keys.audit.tail(chain), place.keys.audit.heads);
    expect((await readerOf(place).verify()).findings).toContainEqual(expect.objectContaining({ kind: 'record', chain, seq: 1 }));
  });
});
