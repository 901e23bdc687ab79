import { HOUR_MS, hourOf } from '../../../src/codec/hours.js';
import type { AnalyticsService } from '../../../src/index.js';
import { EventReader } from '../../../src/storage/EventReader.js';
import type { Scene } from '../scene/Scene.js';
import type { Findings } from './Findings.js';
import { readIndexAll } from './readIndexAll.js';

export interface CheckCountsOptions {
  readonly scene: Scene;
  readonly service: AnalyticsService;
  readonly type: string;
  /** UTC hour → events found in its chunks. */
  readonly perHour: ReadonlyMap<number, number>;
  /** Ids of all events found in chunks. */
  readonly ids: ReadonlySet<string>;
  /** Hours from before this time may be on their way out. */
  readonly keptFrom: number;
  readonly findings: Findings;
}

/** Whether everything that counts agrees with the chunks: the counts by hour, the index, `countEvents`, and a stream of all. */
export async function checkCounts({ scene, service, type, perHour, ids, keptFrom, findings }: CheckCountsOptions): Promise<void> {
  const reader = new EventReader({ redis: scene.client, keys: scene.keys, secrets: scene.keyRing.reading!, cacheBytes: 0 }); // the scene has the key
  const counts = await reader.hourCounts(type);
  const indexed = new Map<number, number>();
  for (const { hour, count } of await readIndexAll(reader, type)) indexed.set(hour, (indexed.get(hour) ?? 0) + count);
  for (const hour of new Set([...perHour.keys(), ...counts.keys(), ...indexed.keys()])) {
    if (hour * HOUR_MS < keptFrom) continue;
    const told = {
      chunks: perHour.get(hour) ?? 0,
      counts: counts.get(hour) ?? 0,
      index: indexed.get(hour) ?? 0,
      countEvents: await service.countEvents({ type, startTime: hour * HOUR_MS, endTime: (hour + 1) * HOUR_MS - 1 }),
    };
    if (new Set(Object.values(told)).size > 1) findings.add('miscounted', `${type} ${new Date(hour * HOUR_MS).toISOString().slice(0, 13)}`, JSON.stringify(told));
  }

  let streamed = 0;
  const seen = new Set<string>();
  for await (const event of service.streamEvents({ type, startTime: keptFrom, select: ['id', 'timestamp'] })) {
    streamed += 1;
    if (seen.has(event.id!)) findings.add('duplicated', event.id!, `streamEvents gave it twice`); // selected above
    seen.add(event.id!);
    if (!ids.has(event.id!)) findings.add('unexpected', event.id!, `streamEvents gave it, and no chunk holds it`);
  }
  const expected = [...perHour].reduce((sum, [hour, count]) => (hour >= hourOf(keptFrom) ? sum + count : sum), 0);
  if (streamed !== expected) findings.add('miscounted', type, `streamEvents gave ${streamed} of ${expected} events`);
}
