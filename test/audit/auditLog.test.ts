import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import type { AuditEntry } from '../../src/audit/AuditLog.js';
import { readHeads } from '../../src/audit/chain/chooseChain.js';
import { openElement, readElement } from '../../src/audit/chain/elements.js';
import { createAuditLog } from '../../src/audit/createAuditLog.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { AuditKeys } from '../../src/security/AuditKeys.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let redis: Redis;
let folder: string;
const secrets = new AuditKeys(Buffer.alloc(32, 7));

beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
  redis = connect(server.url, 'failFast', 'test', () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const entry: AuditEntry = { actor: { subject: 'dr-jones', roles: ['clinician'], via: 'token' }, operation: 'events.read', outcome: 'allowed', purpose: 'treatment', subjects: [people.eve, 'user-2'], series: 'therapy_session', count: 3, origin: '10.1.2.3' };

describe('a recorded entry', () => {
  it('is in a chain when record() resolves, sealed, with pseudonyms for its subjects', async () => {
    const keys = createKeys('one:');
    const log = createAuditLog({ redis, keys, secrets, folder });
    await log.record(entry);
    await Promise.all([1, 2, 3].map(async (count) => log.record({ ...entry, count })));
    await log.close();
    const heads = await readHeads(redis, keys.audit.heads);
    expect([...heads.values()].map(({ seq }) => seq)).toEqual([4]);
    const [chain] = heads.keys();
    const elements = await redis.lrangeBuffer(keys.audit.tail(chain!), 0, -1);
    expect(Buffer.concat(elements).includes('dr-jones')).toBe(false);
    const contents = elements.flatMap((element) => readElement(openElement(secrets, chain!, element)).contents);
    expect(contents.map(({ count }) => count)).toEqual([3, 1, 2, 3]);
    const subjects = [people.eve, 'user-2'].map((user) => secrets.pseudonym(user).toString('base64url')).sort();
    expect(contents[0]).toMatchObject({ actor: entry.actor, operation: 'events.read', outcome: 'allowed', purpose: 'treatment', subjects, series: 'therapy_session', origin: '10.1.2.3' });
  });

  it('is refused with AUDIT_UNAVAILABLE when it cannot be written', async () => {
    const keys = createKeys('two:');
    await redis.set(keys.audit.heads, 'something else');
    const log = createAuditLog({ redis, keys, secrets, folder });
    await expect(log.record(entry)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await log.close();
  });
});
