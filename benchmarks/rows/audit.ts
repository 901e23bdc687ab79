import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AuditEntry, AuditLog } from '../../src/audit/AuditLog.js';
import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { createAuditLog } from '../../src/audit/createAuditLog.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { packChain } from '../../src/audit/upkeep/packChain.js';
import { createKeys } from '../../src/redis/keys.js';
import { AuditKeys } from '../../src/security/AuditKeys.js';
import { startRedis, type BenchmarkRedis } from '../support/startRedis.js';
import { createRow, type Row } from './Row.js';
import { tableSize } from './sizes.js';
import type { Suite, SuiteContext } from './Suite.js';

const PEOPLE = 20_000;
const AT_ONCE = 32;
/** Records of one lone caller, for a round of `audit-append`. */
const LONE = 2000;

/** What the audit log costs a read, how fast it answers, and what a record takes. */
export const audit: Suite = {
  ids: ['audit-append', 'audit-who-saw', 'audit-seen-by', 'audit-list', 'audit-verify', 'audit-bytes'],
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'analytics-bench-audit-'));
    const redis = await startRedis();
    try {
      return await measure(context, redis, folder);
    } finally {
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measure(context: SuiteContext, redis: BenchmarkRedis, folder: string): Promise<Row[]> {
  const { wanted, rounds, say } = context;
  const keys = createKeys('bench:');
  const secrets = new AuditKeys(randomBytes(32));
  const source = redisSource(redis.client, keys.audit);
  const log = createAuditLog({ redis: redis.client, keys, secrets, folder });
  const appends: number[] = [];
  const answers: number[] = [];
  await lone(log); // compiles
  for (let round = 0; round < rounds; round += 1) {
    answers.push(await medianOf(LONE, () => redis.client.ping()));
    appends.push(await lone(log));
  }

  const records = tableSize(context);
  say(`audit: recording ${records} reads`);
  for (let done = 0; done < records; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async (_, place) => log.record(entryOf(done + place))));
  }
  await log.close();
  const chains = [...(await source.heads()).keys()];
  const packingAt = performance.now();
  for (const chain of chains) await packChain({ redis: redis.client, keys: keys.audit, secrets, isLate: () => false }, chain);
  const packedPerSecond = (1000 * records) / (performance.now() - packingAt);
  let bytes = 0;
  for (const chain of chains) for (const key of [keys.audit.blocks(chain), keys.audit.tail(chain)]) bytes += (await redis.client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;

  const reader = new AuditReader({ source, secrets, folders: [folder] });
  const stored = records + (rounds + 1) * LONE;
  const timed = async (work: () => Promise<unknown>, often = rounds): Promise<number[]> => {
    const times: number[] = [];
    for (let round = 0; round < often; round += 1) {
      const startedAt = performance.now();
      await work();
      times.push(performance.now() - startedAt);
    }
    return times;
  };
  const most = (id: string, what: string, unit: string, ours: readonly number[], target: number, notes: readonly string[] = []): Row =>
    createRow({ id, what, unit, better: 'lower', ours, target, targetIs: 'most', notes });
  const rows: Row[] = [
    most('audit-append', 'one audit record, appended by a lone caller, p50', 'ms', appends, 0.1, [`of that a round trip to Redis: ${median(answers).toFixed(3)} ms`]),
    most('audit-bytes', 'an audit record in Redis, packed', 'bytes', [bytes / stored], 200, [`packed at ${Math.round(packedPerSecond)} records/s`]),
  ];
  if (wanted.has('audit-who-saw')) rows.push(most('audit-who-saw', `who saw one person’s data, of ${stored} records`, 'ms', await timed(() => reader.whoSaw({ userId: 'user-77', limit: 1000 })), 5000));
  if (wanted.has('audit-seen-by')) rows.push(most('audit-seen-by', `what one actor saw, of ${stored} records`, 'ms', await timed(() => reader.seenBy({ actor: 'clinician-7', limit: 1000 })), 5000));
  if (wanted.has('audit-list')) rows.push(most('audit-list', `the first page of all ${stored} records, and of those that were denied`, 'ms', await timed(async () => [await reader.list(), await reader.list({ outcome: 'denied' })]), 5000));
  if (wanted.has('audit-verify')) rows.push(most('audit-verify', `verifying ${stored} records`, 'ms', await timed(() => reader.verify(), 1), 60_000));
  return rows.filter(({ id }) => wanted.has(id));
}

function entryOf(place: number): AuditEntry {
  return {
    actor: { subject: `clinician-${place % 500}`, roles: ['clinician'], via: 'token' },
    operation: 'events.read',
    outcome: place % 97 === 0 ? 'denied' : 'allowed',
    purpose: 'treatment',
    subjects: [`user-${(place * 7919) % PEOPLE}`],
    series: 'therapy_session',
    count: place % 100,
    origin: `10.1.${place % 16}.${place % 250}`,
  };
}

async function lone(log: AuditLog): Promise<number> {
  let place = 0;
  return medianOf(LONE, () => log.record(entryOf(place++)));
}

async function medianOf(times: number, work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    await work();
    taken.push(performance.now() - startedAt);
  }
  return median(taken);
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
