import { randomBytes } from 'node:crypto';

import type { JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { jobs } from '../../queues/jobs.js';
import { queuePlaces } from '../../queues/names.js';
import { newBatchId } from '../../src/codec/batchId.js';
import { compressFast } from '../../src/codec/compression.js';
import { encodeEventRows } from '../../src/codec/eventRowsText.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import type { Keys } from '../../src/redis/keys.js';
import { keyRingFromMaster, type KeyRing } from '../../src/security/KeyRing.js';
import { canaries, canaryEvent, injectedCanary, secrets } from './canaries.js';

/** Adds jobs that cannot be worked off, each for another reason, with canaries inside. @returns how many of which code */
export async function addBadJobs(connection: Redis, keys: Keys): Promise<Readonly<Record<string, number>>> {
  const places = queuePlaces(keys);
  const events = createQueue(places.events, connection);
  const metrics = createQueue(places.metrics, connection);
  const keyRing = await keyRingFromMaster(Buffer.from(secrets.encryptionKey, 'base64'));
  const foreign = await keyRingFromMaster(randomBytes(32));

  const id = () => newBatchId(Date.now());
  const options = (jobId: string): JobsOptions => ({ jobId, attempts: 1 });
  const addEvents = async (data: object, jobId = id()) => events.add(jobs.events.name, data, options(jobId));
  const addMetrics = async (data: object, jobId = id()) => metrics.add(jobs.metrics.name, data, options(jobId));

  const goodId = id();
  const good = await seal(keyRing, goodId, 'events', rowsText(goodId));
  const corrupted = Buffer.from(good.c, 'base64');
  corrupted[40]! ^= 1;
  await addEvents({ ...good, c: corrupted.toString('base64') }, goodId);
  await addEvents(good, id()); // moved to another job
  await addEvents({ ...good, n: 2 }, id());
  await addEvents({ ...(await seal(foreign, goodId, 'events', rowsText(goodId))), to: keyRing.publicId }, id());

  const foreignId = id();
  await addEvents(await seal(foreign, foreignId, 'events', rowsText(foreignId)), foreignId);

  await addEvents({ v: 1, patient: injectedCanary, [injectedCanary]: 1 });
  await addEvents({ ...good, to: injectedCanary });
  await addMetrics({ v: 2, n: injectedCanary });

  // Sealed as it should be, by somebody who holds the public key, around something else.
  const broken = [canaries.eventValue, `{"v":1,"batch":"${canaries.userId}"}`, rowsText(id()), rowsText(goodId).replaceAll('{', '[')];
  for (const text of broken) {
    const jobId = id();
    await addEvents(await seal(keyRing, jobId, 'events', text), jobId);
  }
  const brokenMetrics = [canaries.tagValue, metricText(JSON.stringify({ [canaries.tagKey]: 7 })), metricText(canaries.tagValue)];
  for (const text of brokenMetrics) {
    const jobId = id();
    await addMetrics(await seal(keyRing, jobId, 'metrics', text), jobId);
  }
  await Promise.all([events.close(), metrics.close()]);
  return { SEAL_BROKEN: 4, KEY_MISMATCH: 1, INVALID_JOB: 3, STORE_INCONSISTENT: broken.length + brokenMetrics.length };
}

async function seal(keyRing: KeyRing, jobId: string, kind: string, text: string) {
  await keyRing.transport.prepare();
  const packed = compressFast(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(packed.length);
  const { sealedKey, ciphertext } = keyRing.transport.seal(jobId, kind, 1, kind === 'events' ? Buffer.concat([length, packed]) : packed);
  return { v: 1, to: keyRing.publicId, key: sealedKey.toString('base64'), n: 1, c: ciphertext.toString('base64') };
}

function rowsText(batchId: string): string {
  const event = canaryEvent();
  return encodeEventRows({
    batchId,
    priority: EventPriority.NORMAL,
    places: [0],
    types: ['custom'],
    timestamps: [Date.now()],
    users: [event.userId],
    sessions: [event.sessionId],
    callerIds: new Map([[0, canaries.callerId]]),
    properties: [JSON.stringify(event.properties)],
    metadata: [JSON.stringify(event.metadata)],
  });
}

function metricText(tags: string): string {
  const value = Buffer.alloc(8).toString('base64');
  return JSON.stringify({ v: 1, names: [[canaries.metricName], [0]], tags: [[tags], [0]], times: [Date.now()], values: value });
}
