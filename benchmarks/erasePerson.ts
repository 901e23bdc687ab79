import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

import { createQueue } from '../queues/createQueue.js';
import { queuePlaces } from '../queues/names.js';
import { chunkIdOf, createKeys } from '../src/redis/keys.js';
import { connect } from '../src/redis/connect.js';
import { newBatchId } from '../src/codec/batchId.js';
import type { EventRows } from '../src/codec/EventRows.js';
import { createEventTypes } from '../src/contract/eventTypes.js';
import { mergeAll } from '../src/merging/mergeAll.js';
import { keyRingFromMaster } from '../src/security/KeyRing.js';
import { EventStore } from '../src/storage/EventStore.js';
import { createSubjects } from '../src/subjects/createSubjects.js';
import { startRedis } from './support/startRedis.js';

// How long it takes to give out and to erase one person among many events: npx tsx benchmarks/erasePerson.ts --events 1000000
const HOUR_MS = 3_600_000;
const BATCH = 100;
const { events, users, merged } = parseArgs({ options: { events: { type: 'string', default: '1000000' }, users: { type: 'string', default: '1000' }, merged: { type: 'string', default: '0.9' } } }).values;
const total = Number(events);
const people = Number(users);

const server = await startRedis({ isAppending: false });
const redis = connect(server.url, 'patient', 'benchmark', () => undefined);
try {
  const keys = createKeys('bench:');
  const keyRing = await keyRingFromMaster(randomBytes(32));
  const secrets = keyRing.reading!; // made from a master key
  const store = new EventStore(redis, keys, secrets);
  // Everybody is in every hour: no hour can be passed over.
  const hours = Math.ceil(total / 4000);
  const first = Math.floor(Date.now() / HOUR_MS) - hours;
  const fill = async (from: number, to: number): Promise<void> => {
    for (let next = from; next < to; next += BATCH) {
      const hour = first + (Math.floor(next / BATCH) % hours);
      const batchId = newBatchId(Date.now());
      const places = Array.from({ length: BATCH }, (_, place) => place);
      const rows: EventRows = {
        batchId,
        priority: 'normal',
        places,
        types: places.map(() => 'page_view'),
        timestamps: places.map((place) => hour * HOUR_MS + ((next * 7919 + place * 35_003) % HOUR_MS)),
        users: places.map((place) => `user-${(next * 31 + place * 17) % people}`),
        sessions: places.map((place) => `session-${(next + place) % (people * 3)}`),
        callerIds: new Map(),
        properties: places.map((place) => JSON.stringify({ page: `/page/${(next + place) % 500}`, duration: (next * place) % 9000, referrer: '/home' })),
        metadata: places.map(() => '{"browser":"Firefox","os":"Linux"}'),
      };
      await store.store([{ type: 'page_view', hour, chunkId: chunkIdOf(batchId, 'page_view', hour), rows, marks: [] }], Date.now());
    }
  };
  const mergedEvents = Math.floor((total * Number(merged)) / BATCH) * BATCH;
  await fill(0, mergedEvents);
  await mergeAll({ redis, keys, secrets, now: () => Date.now() + HOUR_MS }, { graceMs: 0 });
  await fill(mergedEvents, total);
  const queue = createQueue(queuePlaces(keys).events, redis);
  const metrics = createQueue(queuePlaces(keys).metrics, redis);
  const types = createEventTypes();
  let stepNow = 'fence';
  let stepSince = performance.now();
  const subjects = createSubjects({
    context: { redis, keys, keyRing, secrets, events: queue, metrics, spoolDir: undefined, classesOf: (type) => types.classesOf(type), now: Date.now },
    by: { subject: 'benchmark', via: 'benchmark' },
    gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
    wakeWorker: async () => Promise.resolve(),
    onProgress({ step }) {
      if (step === stepNow) return;
      if (stepNow !== 'fence') console.log(`  ${stepNow}: ${((performance.now() - stepSince) / 1000).toFixed(1)} s`);
      [stepNow, stepSince] = [step, performance.now()];
    },
  });
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = performance.now();
    const cpu = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(cpu);
    console.log(`${name}: ${((performance.now() - before) / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`);
    return result;
  };
  let lines = 0;
  await timed(`export of one of ${people} persons in ${total} events`, async () => {
    for await (const line of subjects.export('user-1')) lines += line.record === 'event' ? 1 : 0;
  });
  const plan = await timed('dry run', async () => subjects.erase('user-1', { mode: 'delete', dryRun: true }));
  console.log(`events ${lines}, in ${plan.chunks} chunks of ${await redis.zcard(keys.event('page_view').time)}`);
  const { content } = await timed('erasure with its check', async () => subjects.erase('user-1', { mode: 'delete' }));
  console.log(JSON.stringify(content.done));
  await timed('anonymising another', async () => subjects.erase('user-2', { mode: 'anonymise' }));
  await Promise.all([queue.close(), metrics.close()]);
} finally {
  redis.disconnect();
  await server.stop();
}
