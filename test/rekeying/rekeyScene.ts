import { randomBytes } from 'node:crypto';

import { rekeyStore, type RekeyLimits } from '../../src/rekeying/rekeyStore.js';
import type { RekeyWork } from '../../src/rekeying/rekeyStatus.js';
import { deriveLasting } from '../../src/security/deriveKeys.js';
import { keyRingFromList, type KeyRing } from '../../src/security/KeyRing.js';
import type { KeyStore } from '../../src/security/keystore/KeyStore.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { chunkOf, createMergeFixture, START, type MergeFixture } from '../merging/mergeFixture.js';
import { createMetricMergeFixture, type MetricMergeFixture } from '../merging/metrics/metricMergeFixture.js';

/** A store with events and samples, small, merged and rolled up, sealed under an older key; and the keys that follow. */
export interface RekeyScene {
  readonly prefix: string;
  readonly older: KeyRing;
  /** The new key seals, the older one opens. */
  readonly both: KeyRing;
  /** The new key alone, with the lasting ones of the older. */
  readonly alone: KeyRing;
  readonly masters: { readonly older: Buffer; readonly current: Buffer };
  /** The stores as a process with those keys sees them. */
  events(ring: KeyRing): Promise<MergeFixture>;
  metrics(ring: KeyRing): Promise<MetricMergeFixture>;
  /** Everything that can be read with these keys. */
  readAll(ring: KeyRing): Promise<object>;
  rekey(work: RekeyWork, limits?: RekeyLimits, ring?: KeyRing): ReturnType<typeof rekeyStore>;
  close(): void;
}

const MINUTE = 60_000;

export async function createRekeyScene(url: string, dataKeys?: KeyStore): Promise<RekeyScene> {
  const prefix = `t${randomBytes(6).toString('hex')}:`;
  const masters = { older: randomBytes(32), current: randomBytes(32) };
  const older = await keyRingFromList({ current: masters.older, older: [], next: [], lasting: undefined }, dataKeys);
  const both = await keyRingFromList({ current: masters.current, older: [masters.older], next: [], lasting: undefined }, dataKeys);
  const alone = await keyRingFromList({ current: masters.current, older: [], next: [], lasting: deriveLasting(masters.older) }, dataKeys);
  const opened: { redis: { disconnect(): void } }[] = [];
  const keep = <T extends { redis: { disconnect(): void } }>(fixture: T): T => {
    opened.push(fixture);
    return fixture;
  };
  const events = async (keyRing: KeyRing) => keep(await createMergeFixture(url, { keyRing, prefix }));
  const metrics = async (keyRing: KeyRing) => keep(await createMetricMergeFixture(url, { keyRing, prefix }));

  const writer = await events(older);
  const store = new EventStore(writer.redis, writer.keys, older.reading!); // made from a list
  await store.store(Array.from({ length: 30 }, (_, place) => chunkOf(START + place)), START);
  const samples = await metrics(older);
  const sample = (place: number) => ({ name: 'cpu', value: place, tags: { host: `h${place % 7}` }, timestamp: START + place * MINUTE });
  await samples.add(Array.from({ length: 50 }, (_, place) => sample(place)));
  await samples.merge();
  await store.store(Array.from({ length: 5 }, (_, place) => chunkOf(START + 1000 + place)), START);
  await samples.add(Array.from({ length: 7 }, (_, place) => sample(place + 50)));

  return {
    prefix,
    older,
    both,
    alone,
    masters,
    events,
    metrics,
    async readAll(ring) {
      const [one, other] = [await events(ring), await metrics(ring)];
      return { events: await one.all(), samples: await other.get({ name: 'cpu' }), names: await other.names.all(), tags: await other.get({ name: 'cpu', tags: { host: 'h3' } }) };
    },
    rekey: async (work, limits, ring = both) => rekeyStore({ redis: writer.redis, keys: writer.keys, secrets: ring.reading }, work, limits),
    close() {
      for (const { redis } of opened) redis.disconnect();
    },
  };
}
