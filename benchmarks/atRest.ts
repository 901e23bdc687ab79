import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { restoreBackup } from '../src/backup/restoreBackup.js';
import { takeBackup } from '../src/backup/takeBackup.js';
import { verifyBackup } from '../src/backup/verifyBackup.js';
import { BackupFolder } from '../src/backup/files/BackupFolder.js';
import { newBatchId } from '../src/codec/batchId.js';
import { compressFast, decompress } from '../src/codec/compression.js';
import type { EventRows } from '../src/codec/EventRows.js';
import { encodeEventRows } from '../src/codec/eventRowsText.js';
import { mergeAll } from '../src/merging/mergeAll.js';
import { connect } from '../src/redis/connect.js';
import { chunkIdOf, createKeys } from '../src/redis/keys.js';
import { scrubStore } from '../src/rekeying/scrubStore.js';
import { keyRingFromMaster } from '../src/security/KeyRing.js';
import { EventStore } from '../src/storage/EventStore.js';
import { startRedis } from './support/startRedis.js';

// What sealing costs an event, and how fast the store is scrubbed, backed up and put back: npx tsx benchmarks/atRest.ts --events 200000
const HOUR_MS = 3_600_000;
const BATCH = 100;
const ROUNDS = 7;
const BATCHES_A_ROUND = 400;
const total = Number(parseArgs({ options: { events: { type: 'string', default: '200000' } } }).values.events);

const keyRing = await keyRingFromMaster(randomBytes(32));
const secrets = keyRing.reading!; // made from a master key
await keyRing.transport.prepare();

function rowsOf(next: number, hour: number): EventRows {
  const places = Array.from({ length: BATCH }, (_, place) => place);
  return {
    batchId: newBatchId(Date.now()),
    priority: 'normal',
    places,
    types: places.map(() => 'page_view'),
    timestamps: places.map((place) => hour * HOUR_MS + ((next * 7919 + place * 35_003) % HOUR_MS)),
    users: places.map((place) => `user-${(next * 31 + place * 17) % 1000}`),
    sessions: places.map((place) => `session-${(next + place) % 3000}`),
    callerIds: new Map(),
    properties: places.map((place) => JSON.stringify({ page: `/page/${(next + place) % 500}`, duration: (next * place) % 9000, referrer: '/home' })),
    metadata: places.map(() => '{"browser":"Firefox","os":"Linux"}'),
  };
}

/** µs of CPU an event: written, packed and unpacked; and the same with what every batch goes through, from queue to chunk and back. */
async function sealing(): Promise<void> {
  const costs: { readonly plain: number; readonly sealed: number }[] = [];
  const batches = Array.from({ length: BATCHES_A_ROUND }, (_, place) => rowsOf(place * BATCH, 480_000));
  const pack = (rows: EventRows): Buffer => compressFast(encodeEventRows(rows));
  const cost = async (work: (rows: EventRows) => void | Promise<void>): Promise<number> => {
    const before = process.cpuUsage();
    for (const rows of batches) await work(rows);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (batches.length * BATCH);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const plain = await cost((rows) => void decompress(pack(rows)));
    const sealed = await cost(async (rows) => {
      const packed = pack(rows);
      const batch = keyRing.transport.seal(rows.batchId, 'events', BATCH, packed);
      const opened = await secrets.transport.open(rows.batchId, 'events', BATCH, batch);
      const place = { kind: 'events', series: 'page_view', hour: 480_000, chunkId: chunkIdOf(rows.batchId, 'page_view', 480_000), count: BATCH, earliest: 0, latest: 1 } as const;
      decompress(secrets.chunks.open(place, secrets.chunks.seal(place, opened)));
    });
    costs.push({ plain, sealed });
  }
  const middle = costs.slice(1).toSorted((one, other) => one.sealed / one.plain - other.sealed / other.plain)[(ROUNDS - 1) >> 1]!; // the first warms up
  console.log(`sealing: ${(middle.sealed - middle.plain).toFixed(2)} µs of CPU an event in batches of ${BATCH}; with it ${middle.sealed.toFixed(2)}, without ${middle.plain.toFixed(2)}: ${(middle.sealed / middle.plain).toFixed(2)} times`);
}

async function atRest(): Promise<void> {
  const [server, other] = [await startRedis({ isAppending: false }), await startRedis({ isAppending: false })];
  const [redis, target] = [server, other].map(({ url }) => connect(url, 'patient', 'benchmark', () => undefined)) as [ReturnType<typeof connect>, ReturnType<typeof connect>];
  const dir = mkdtempSync(join(tmpdir(), 'analytics-at-rest-'));
  try {
    const keys = createKeys('bench:');
    const store = new EventStore(redis, keys, secrets);
    const hours = Math.ceil(total / 4000);
    const first = Math.floor(Date.now() / HOUR_MS) - hours - 1;
    for (let next = 0; next < total; next += BATCH) {
      const hour = first + (Math.floor(next / BATCH) % hours);
      const rows = rowsOf(next, hour);
      await store.store([{ type: 'page_view', hour, chunkId: chunkIdOf(rows.batchId, 'page_view', hour), rows, marks: [] }], Date.now());
    }
    const rate = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const before = performance.now();
      await work();
      const seconds = (performance.now() - before) / 1000;
      console.log(`${name}: ${Math.round(total / seconds).toLocaleString('en-US')} events/s (${seconds.toFixed(1)} s for ${total.toLocaleString('en-US')})`);
    };
    await rate('scrub of small chunks', async () => scrubStore({ redis, keys, secrets }));
    await mergeAll({ redis, keys, secrets, now: () => Date.now() + HOUR_MS }, { graceMs: 0 });
    await rate('scrub of merged chunks', async () => scrubStore({ redis, keys, secrets }));
    const context = { redis, keys, keyRing, secrets, folder: new BackupFolder(join(dir, 'backup'), join(dir, 'keys')), now: Date.now };
    await rate('full backup', async () => takeBackup(context, 'full'));
    await rate('verify', async () => verifyBackup(context));
    await rate('restore', async () => restoreBackup({ ...context, redis: target }));
  } finally {
    redis.disconnect();
    target.disconnect();
    await Promise.all([server.stop(), other.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

await sealing();
await atRest();
