import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import type { AuditEntry } from '../../src/audit/AuditLog.js';
import { readHeads } from '../../src/audit/chain/chooseChain.js';
import { checkpointFiles } from '../../src/audit/checkpoints/CheckpointFile.js';
import { hashOfLine, readLine, type Statement } from '../../src/audit/checkpoints/Statement.js';
import { createAuditLog } from '../../src/audit/createAuditLog.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { AuditKeys } from '../../src/security/AuditKeys.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let redis: Redis;
let base: string;
const secrets = new AuditKeys(Buffer.alloc(32, 7));
const entry: AuditEntry = { actor: { subject: 'dr-jones', roles: ['clinician'], via: 'token' }, operation: 'events.read', outcome: 'allowed', purpose: 'treatment', subjects: [people.eve] };

beforeAll(async () => {
  server = await startRedis();
  base = mkdtempSync(join(tmpdir(), 'audit-'));
  redis = connect(server.url, 'patient', 'test', () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(base, { recursive: true });
});

async function linesOf(folder: string): Promise<string[]> {
  const names = await checkpointFiles(folder);
  return names.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter((line) => line !== ''));
}
function statementOf(line: string): Statement {
  const read = readLine(line, secrets);
  if ('fault' in read) throw new Error(read.fault);
  return read.statement;
}

describe('checkpoints', () => {
  it('sign each record that was appended, and are on disk when the log is closed, for its user only', async () => {
    const [keys, folder] = [createKeys('a:'), join(base, 'a')];
    const log = createAuditLog({ redis, keys, secrets, folder, deadlineMs: 20_000 });
    await Promise.all(Array.from({ length: 2500 }, async () => log.record(entry)));
    await log.close();
    const statements = (await linesOf(folder)).map(statementOf);
    const [[chain, head] = []] = await readHeads(redis, keys.audit.heads);
    const records = statements.flatMap((one) => (one.kind === 'records' ? [one] : []));
    expect(records.map(({ from }) => from)).toEqual([1, ...records.slice(0, -1).map(({ to }) => to + 1)]);
    expect(records.length).toBeGreaterThan(1);
    expect(records.at(-1)).toMatchObject({ chain, to: 2500, hash: head?.hash });
    expect(records.reduce((sum, { marks }) => sum + Buffer.from(marks, 'base64').length, 0)).toBe(4 * 2500);
    for (const name of await checkpointFiles(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('of several logs in one folder each name a line before them, and the chains of the others', async () => {
    const [keys, folder] = [createKeys('b:'), join(base, 'b')];
    const logs = Array.from({ length: 5 }, () => createAuditLog({ redis, keys, secrets, folder }));
    await Promise.all(logs.map(async (log) => log.record(entry)));
    await Promise.all(logs.map(async (log) => log.close()));
    const lines = await linesOf(folder);
    const known = new Set(['0'.repeat(64)]);
    for (const line of lines) {
      expect(known.has(statementOf(line).previous)).toBe(true);
      known.add(hashOfLine(line));
    }
    const chains = [...(await readHeads(redis, keys.audit.heads)).keys()].sort();
    const attested = lines.map(statementOf).flatMap((one) => (one.kind === 'heads' ? one.heads.map(([chain]) => chain) : []));
    expect(chains).toHaveLength(5);
    expect([...new Set(attested)].sort()).toEqual(chains);
  });

  it('that cannot be written keep records from being taken', async () => {
    writeFileSync(join(base, 'file'), '');
    const log = createAuditLog({ redis, keys: createKeys('c:'), secrets, folder: join(base, 'file', 'audit') });
    await expect(log.record(entry)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await expect(log.record(entry)).rejects.toThrow('ANALYTICS_AUDIT_DIR');
    await log.close();
  });
});
