
import { afterEach, describe, expect, it } from '@jest/globals';

import { built } from '../support/built.js';
import { runProgram, until } from '../support/program.js';
import { Load } from './support/Load.js';
import { Service } from './support/Service.js';
import { TestSentinels } from './support/TestSentinels.js';

const MOST_MS = 90_000;

let sentinels: TestSentinels | undefined;
let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  await sentinels?.stop();
}, MOST_MS);

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('behind sentinels', () => {
  it.each(process.env['ANALYTICS_LONG_TESTS'] === undefined ? (['replicated'] as const) : (['replicated', 'default'] as const))(
    'a failover under load interrupts %s writes for 10 s at most, and the worker goes on by itself',
    async (durability) => {
      sentinels = await TestSentinels.start();
      service = await Service.start({ redisSentinels: sentinels.hosts, durability });
      const load = new Load(service.client, durability);
      expect(await until(() => load.acknowledged > 200)).toBe(true);
      const master = await sentinels.master();
      await master.kill();
      const killedAt = performance.now();
      const before = load.acknowledged;
      expect(await until(() => load.acknowledged > before + 100, 20_000)).toBe(true);
      // What is taken again is worked off again.
      const id = load.lastId;
      expect(await until(async () => (await service!.client.getEvent(id).catch(() => undefined)) !== undefined, 20_000)).toBe(true);
      const consumedMs = performance.now() - killedAt;
      await pause(1000);
      await load.end();
      expect(await service.settled()).toBe(true);
      const report = await load.report();
      if (process.env['ANALYTICS_LONG_TESTS'] !== undefined) console.log(durability, { ...report, lost: report.lost.length, consumedMs });
      if (durability === 'replicated') expect(report.lost).toEqual([]);
      expect(report.duplicated).toEqual([]);
      expect(report.outageMs).toBeLessThan(10_000);
      expect(consumedMs).toBeLessThan(10_000);
      // One that is away holds up no process that is done.
      await sentinels.stopSentinel();
      const leaver = runProgram([built('test/cluster/programs/leaver.ts')], { REDIS_SENTINELS: sentinels.hosts.join() });
      expect(await leaver.ended()).toBe(0);
      expect(Date.now() - Number(/let go at (\d+)/.exec(leaver.output())?.[1])).toBeLessThan(1500);
    },
    MOST_MS,
  );
});

(process.env['ANALYTICS_LONG_TESTS'] === undefined ? describe.skip : describe)('behind sentinels, one thing after the other', () => {
  it(
    'the old master may come back, and another take over in order, and a sentinel be away: nothing is lost with replicated',
    async () => {
      sentinels = await TestSentinels.start();
      service = await Service.start({ redisSentinels: sentinels.hosts, durability: 'replicated' });
      const load = new Load(service.client, 'back');
      const goesOn = async (): Promise<void> => {
        const before = load.acknowledged;
        expect(await until(() => load.acknowledged > before + 100, 20_000)).toBe(true);
      };
      await goesOn();
      const old = await sentinels.master();
      await old.kill();
      await goesOn();
      await old.restart();
      await goesOn();
      expect((await sentinels.master()).port).not.toBe(old.port);
      await sentinels.stopSentinel();
      expect(await sentinels.failOver()).toBe(true);
      await goesOn();
      await load.end();
      expect(await service.settled()).toBe(true);
      const report = await load.report();
      console.log('back', { ...report, lost: report.lost.length });
      expect(report).toMatchObject({ lost: [], duplicated: [] });
      expect(report.outageMs).toBeLessThan(10_000);
    },
    MOST_MS,
  );
});
