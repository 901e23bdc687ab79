import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { signIn } from '../realtime/support/socket.js';
import { until } from '../support/program.js';
import { Load } from './support/Load.js';
import { Service } from './support/Service.js';
import { TestCluster } from './support/TestCluster.js';
import { people } from '../support/witness/people.js';

/** The whole cluster, its service and all that happens to it: under load of other tests it takes its time. */
const MOST_MS = 90_000;

let cluster: TestCluster;
let service: Service;
beforeAll(async () => {
  cluster = await TestCluster.start();
  service = await Service.start({ redisCluster: cluster.hosts, durability: 'replicated' });
}, MOST_MS);
afterAll(async () => {
  await service?.stop();
  await cluster?.stop();
}, MOST_MS);

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('on a cluster of three masters and three replicas', () => {
  it(
    'everything works that works on one server',
    async () => {
      const { client } = service;
      const socket = await signIn(service.socketUrl, people.ada);
      const types = Object.values(EventType);
      const hourAgo = Date.now() - 3_600_000;
      const events = Array.from({ length: 400 }, (_, place) => ({
        type: types[place % types.length]!,
        userId: place % 2 === 0 ? people.ada : `user-${place}`,
        // Some of an hour that is over, so that it is merged.
        timestamp: place % 4 < 2 ? hourAgo - 3_600_000 : Date.now(),
        properties: { place },
      }));
      for (let from = 0; from < events.length; from += 40) {
        const results = await client.trackEvents(events.slice(from, from + 40));
        expect(results.every(({ ok }) => ok)).toBe(true);
      }
      const names = ['latency', 'load.mean', 'bytes', 'a b'];
      const samples = Array.from({ length: 200 }, (_, place) => ({ name: names[place % names.length]!, value: place, tags: { host: `h${place % 5}` }, timestamp: hourAgo - 3_600_000 + place }));
      expect((await client.trackMetrics(samples)).every(({ ok }) => ok)).toBe(true);
      expect(await service.settled()).toBe(true);

      const readAll = async (): Promise<unknown> => ({
        events: await Promise.all(types.map(async (type) => (await client.getEvents({ type, limit: 1000 })).length)),
        counted: await Promise.all(types.map(async (type) => client.countEvents({ type }))),
        found: (await client.getEvents({ type: EventType.ERROR, limit: 1 })).length === 1,
        users: (await client.countUsers({ period: 'day' })).reduce((sum, { users }) => sum + users, 0) > 100,
        by: (await client.countEventsBy({ interval: 'hour' })).reduce((sum, { count }) => sum + count, 0),
        metrics: (await client.listMetrics()).map(({ name }) => name),
        samples: (await Promise.all(names.map(async (name) => client.getMetrics({ name })))).map((found) => found.length),
        values: await client.listTagValues({ name: 'latency', key: 'host' }),
        sums: (await client.aggregateMetrics({ name: 'bytes', interval: '1d', aggregations: ['sum'] })).series.length,
      });
      const before = await readAll();
      expect(before).toMatchObject({ events: types.map(() => 50), counted: types.map(() => 50), by: 400, samples: [50, 50, 50, 50], metrics: ['a b', 'bytes', 'latency', 'load.mean'], found: true, users: true });
      const [one] = await client.getEvents({ type: EventType.SECURITY, limit: 1 });
      expect(await client.getEvent(one!.id)).toEqual(one);
      // Sent again under an id that is known.
      const again = await client.trackEvents(events.slice(0, 3).map((event, place) => ({ ...event, id: `again-${place}` })));
      const same = await client.trackEvents(events.slice(0, 3).map((event, place) => ({ ...event, id: `again-${place}` })));
      expect([again, same].flat().every(({ ok }) => ok)).toBe(true);
      expect(await service.settled()).toBe(true);
      expect(await client.countEvents({ type: types[0]! })).toBe(51);

      // The worker may have merged already.
      expect(await client.merge()).toMatchObject({ isComplete: true });
      const { store } = await client.getStats();
      expect(store).toMatchObject({ events: { rows: 403 }, metrics: { rows: 200 } });
      expect(Math.min(store?.events.mergedChunks ?? 0, store?.metrics.mergedChunks ?? 0)).toBeGreaterThan(0);
      expect(await client.countEvents({ type: types[0]! })).toBe(51);
      expect(await client.cleanup()).toMatchObject({});
      expect(await readAll()).toMatchObject({ samples: [50, 50, 50, 50], by: 403 });

      expect(await until(() => socket.eventIds().length >= 200)).toBe(true);
      const stats = await client.getStats();
      expect(stats.system.redis.connected).toBe(true);
      expect(stats.system.processes.map(({ role }) => role).toSorted()).toEqual(['broadcasting', 'processing', 'scheduling']);
      await socket.close();
    },
    MOST_MS,
  );

  it(
    'the slots of the queue and of a type move under load, and nothing is lost',
    async () => {
      const load = new Load(service.client, 'move');
      expect(await until(() => load.acknowledged > 50)).toBe(true);
      for (const key of [service.keys.event(EventType.PAGE_VIEW).chunks, service.keys.eventQueuePrefix]) {
        await cluster.moveSlot(key, await cluster.otherMaster(key), 5);
      }
      await pause(500);
      await load.end();
      expect(await service.settled()).toBe(true);
      const report = await load.report();
      expect(report).toMatchObject({ lost: [], duplicated: [] });
    },
    MOST_MS,
  );

  it(
    'the master of the queue is killed under load, and nothing that was acknowledged is lost',
    async () => {
      const load = new Load(service.client, 'kill');
      expect(await until(() => load.acknowledged > 50)).toBe(true);
      const victim = await cluster.masterOf(service.keys.eventQueuePrefix);
      await victim.server.kill();
      const hasFailedOver = await until(async () => (await cluster.masterOf(service.keys.eventQueuePrefix)) !== victim, 20_000);
      expect(hasFailedOver).toBe(true);
      // Its replica is the master now, and has none itself until the old master is back.
      await victim.server.restart();
      const at = load.acknowledged;
      expect(await until(() => load.acknowledged > at + 20, 20_000)).toBe(true);
      await pause(1000);
      await load.end();
      expect(await service.settled()).toBe(true);
      const report = await load.report();
      expect(report).toMatchObject({ lost: [], duplicated: [] });
      expect(report.outageMs).toBeLessThan(10_000);
    },
    MOST_MS,
  );

  it('no command met keys of two slots in all this, as the nodes count', async () => {
    for (const { redis } of cluster.nodes) expect(await redis.info('errorstats')).not.toContain('CROSSSLOT');
  });
});
