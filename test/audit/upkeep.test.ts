import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { auditFolder } from '../../src/audit/openAuditLog.js';
import { createAuditLog } from '../../src/audit/createAuditLog.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { packAudit, trimAudit } from '../../src/audit/upkeep/upkeepAudit.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { connect } from '../../src/redis/connect.js';
import { keysOf } from '../../src/redis/keys.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { sampleEntry } from './support/auditScene.js';

const DAY_MS = 86_400_000;
const RECORDS = 6000;
/** A record every half a day: more than eight years. */
const APART_MS = DAY_MS / 2;

let server: TestRedis;
let redis: Redis;
let dataDir: string;

beforeAll(async () => {
  server = await startRedis();
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-audit-upkeep-'));
  redis = connect(server.url, 'failFast', 'test', () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the upkeep of the audit log', () => {
  it('packs records to less than 40 bytes each, and removes those of more than six years ago, so that the log still verifies', async () => {
    const config = parseConfig({ ANALYTICS_DATA_DIR: dataDir });
    const [keys, keyRing] = [keysOf(config), await keyRingFromMaster(Buffer.alloc(32, 5))];
    const secrets = keyRing.reading!.audit;
    const source = redisSource(redis, keys.audit);
    const reader = new AuditReader({ source, secrets, folders: [auditFolder(config)] });
    const begin = Date.now() - RECORDS * APART_MS;
    let count = 0;
    const log = createAuditLog({ redis, keys, secrets, folder: auditFolder(config), now: () => begin + count * APART_MS });
    const under: Promise<void>[] = [];
    for (; count < RECORDS; count += 1) {
      under.push(log.record({ ...sampleEntry, count, subjects: [`user-${count % 1000}`] }));
      if (count % 10 === 0) await Promise.all(under.splice(0));
    }
    await Promise.all(under);
    await log.close();
    const [chain] = [...(await source.heads()).keys()] as [string];

    const packed = await packAudit({ redis, keys, keyRing });
    expect(packed).toBeGreaterThan(RECORDS - 256);
    expect(Number(await redis.memory('USAGE', keys.audit.blocks(chain), 'SAMPLES', 0)) / packed).toBeLessThan(40);
    expect(await reader.verify()).toMatchObject({ findings: [], records: RECORDS });
    expect((await reader.whoSaw({ userId: 'user-7' })).records).toHaveLength(RECORDS / 1000);

    const removed = await trimAudit({ redis, keys, keyRing }, config);
    const kept = RECORDS - removed;
    // Whole blocks of 1,024 go.
    expect(kept).toBeGreaterThanOrEqual(2 * 2192);
    expect(kept).toBeLessThan(2 * 2192 + 1024 + 256);
    expect(await trimAudit({ redis, keys, keyRing }, config)).toBe(0);
    // And one more, which says that they were removed.
    expect(await reader.verify()).toMatchObject({ findings: [], records: kept + 1 });
    expect((await reader.list({ operation: 'audit.trim' })).records).toMatchObject([{ count: removed }]);
    expect((await reader.whoSaw({ userId: 'user-7' })).records.length).toBeLessThan(RECORDS / 1000);

    // What nobody signed is no trimming.
    await redis.lpop(keys.audit.blocks(chain));
    await expect(reader.whoSaw({ userId: 'user-7' })).rejects.toMatchObject({ code: 'STORE_INCONSISTENT', chain });
    expect((await reader.verify()).findings).toEqual([expect.objectContaining({ kind: 'record', chain, seq: removed + 1 })]);
  });
});
