import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { until } from '../support/program.js';
import type { TestRedis } from '../support/redis.js';
import { Load, type LoadReport } from './support/Load.js';
import { Service } from './support/Service.js';
import { TestSentinels } from './support/TestSentinels.js';

const MOST_MS = 120_000;
/** How long the old master is cut off. Its replicas count as gone after `min-replicas-max-lag`, and a new one is there after some 3 s. */
const CUT_MS = 12_000;
const LAG_S = 2;
const MIN_REPLICAS = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', String(LAG_S)];

const settings = [
  { durability: 'default', minReplicas: 0 },
  { durability: 'default', minReplicas: 1 },
  { durability: 'replicated', minReplicas: 0 },
  { durability: 'replicated', minReplicas: 1 },
] as const;

let sentinels: TestSentinels;
let service: Service | undefined;
/** What `afterEach` ends, should a test not come to it. */
let running: Load | undefined;
afterEach(async () => {
  const isEnded = running?.end();
  await service?.stop();
  await isEnded;
  [running, service] = [undefined, undefined];
  await sentinels.stop();
}, MOST_MS);

async function start({ durability, minReplicas }: (typeof settings)[number], isCuttable: boolean): Promise<{ readonly master: TestRedis; readonly load: Load }> {
  sentinels = await TestSentinels.start({ isCuttable, args: minReplicas === 1 ? MIN_REPLICAS : [] });
  service = await Service.start({ redisSentinels: sentinels.hosts, durability });
  const load = new Load(service.client, 'event');
  running = load;
  await goesOn(load, 200);
  return { master: await sentinels.master(), load };
}

async function goesOn(load: Load, count: number): Promise<void> {
  const before = load.acknowledged;
  expect(await until(() => load.acknowledged > before + count, 40_000)).toBe(true);
}

async function finish(load: Load, what: string, setting: (typeof settings)[number], further: object = {}): Promise<LoadReport> {
  await goesOn(load, 100);
  await load.end();
  expect(await service!.settled()).toBe(true);
  const report = await load.report();
  const { acknowledged, failed, codes, outageMs, lost, duplicated } = report;
  process.stdout.write(`${what}: ${JSON.stringify({ ...setting, acknowledged, lost: lost.length, twice: duplicated.length, failed, codes, outageMs, ...further })}\n`);
  expect(duplicated).toEqual([]);
  // Whatever `default` loses is what this table is for; with `replicated` an acknowledgement is kept.
  if (setting.durability === 'replicated') expect(lost).toEqual([]);
  return report;
}

async function roleOf({ url }: TestRedis): Promise<string> {
  const redis = new Redis(url, { protocol: 2 });
  try {
    return String(((await redis.role()) as unknown[])[0]);
  } finally {
    redis.disconnect();
  }
}

/** Prints what asynchronous replication costs: the rows of the table in docs/clustering.md. */
(process.env['ANALYTICS_LONG_TESTS'] === undefined ? describe.skip : describe)('what was acknowledged', () => {
  it.each(settings)('and a master is killed: $durability, min-replicas-to-write $minReplicas', async (setting) => {
    const { master, load } = await start(setting, false);
    await master.kill();
    expect((await finish(load, 'killed', setting)).outageMs).toBeLessThan(10_000);
  }, MOST_MS);

  it.each(settings)('and a master is cut off with its clients: $durability, min-replicas-to-write $minReplicas', async (setting) => {
    const { master: old, load } = await start(setting, true);
    sentinels.cut();
    const [cutAt, before] = [performance.now(), load.acknowledged];
    let lastAt = cutAt;
    let seen = before;
    const isElapsed = async (): Promise<boolean> => {
      if (load.acknowledged > seen) [lastAt, seen] = [performance.now(), load.acknowledged];
      return performance.now() - cutAt > CUT_MS && (await sentinels.master()) !== old;
    };
    expect(await until(isElapsed, 3 * CUT_MS)).toBe(true);
    // Two believe that they are the master: the clients are with the one that nobody follows.
    expect([await roleOf(old), await roleOf(await sentinels.master())]).toEqual(['master', 'master']);
    const whileCut = load.acknowledged - before;
    const acknowledgedForMs = Math.round(lastAt - cutAt);
    sentinels.heal();
    expect(await until(async () => (await roleOf(old)) === 'slave', 30_000)).toBe(true);
    const { lost } = await finish(load, 'cut off', setting, { whileCut, acknowledgedForMs });
    if (setting.durability === 'replicated') {
      // What a replica had when the line was cut may have been answered just after.
      expect(acknowledgedForMs).toBeLessThan(1000);
      return;
    }
    // This is what the other settings are for: without them all of it is gone.
    if (setting.minReplicas === 0) expect(lost.length).toBeGreaterThan(0);
    // The master counts its replicas each second.
    else expect(acknowledgedForMs).toBeLessThan((LAG_S + 3) * 1000);
  }, MOST_MS);
});
