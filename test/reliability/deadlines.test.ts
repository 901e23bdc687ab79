import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { AnalyticsError } from '../../src/errors/AnalyticsError.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { FaultProxy } from '../faults/FaultProxy.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DEADLINE_MS = 1000;
const GRACE_MS = 500;
/** A clean-up and a merge end with the command that is not answered. */
const COMMAND_MS = 2000;
/** Other processes use the machine too, and timers of one that has no core run late. */
const SLACK = Number(process.env['TEST_SLACK'] ?? 3);

/** Every public call. */
const calls: Readonly<Record<string, (service: AnalyticsService) => Promise<unknown>>> = {
  trackEvent: async (service) => service.trackEvent({ type: EventType.CUSTOM }),
  trackEvents: async (service) => firstFailure(service.trackEvents([{ type: EventType.CUSTOM }])),
  trackMetric: async (service) => service.trackMetric({ name: 'cpu', value: 1 }),
  trackMetrics: async (service) => firstFailure(service.trackMetrics([{ name: 'cpu', value: 1 }])),
  getEvents: async (service) => service.getEvents({ type: EventType.CUSTOM }),
  queryEvents: async (service) => service.queryEvents({ type: EventType.CUSTOM }),
  countEvents: async (service) => service.countEvents({ type: EventType.CUSTOM }),
  countEventsBy: async (service) => service.countEventsBy({ type: EventType.CUSTOM, interval: 'hour' }),
  countUsers: async (service) => service.countUsers({ period: 'day' }),
  getEvent: async (service) => service.getEvent('0190163d-8694-739b-aea5-966c26f8ad90'),
  streamEvents: async (service) => service.streamEvents({ type: EventType.CUSTOM }).next(),
  getMetrics: async (service) => service.getMetrics({ name: 'cpu' }),
  aggregateMetrics: async (service) => service.aggregateMetrics({ name: 'cpu', aggregations: ['avg'] }),
  listMetrics: async (service) => service.listMetrics(),
  listTags: async (service) => service.listTags({ name: 'cpu' }),
  listTagValues: async (service) => service.listTagValues({ name: 'cpu', key: 'host' }),
  processEvents: async (service) => service.processEvents(),
  getStats: async (service) => service.getStats(),
  clientsReady: async (service) => service.clientsReady(),
  'deadLetters.list': async (service) => service.deadLetters.list(),
  'deadLetters.count': async (service) => service.deadLetters.count(),
  merge: async (service) => service.merge(),
  cleanup: async (service) => service.cleanup(),
  flush: async (service) => service.flush(),
};
const mostMs = (name: string) => (name === 'merge' || name === 'cleanup' ? Math.max(COMMAND_MS, DEADLINE_MS) : DEADLINE_MS) + GRACE_MS * SLACK;

async function firstFailure(results: Promise<readonly ({ ok: true } | { ok: false; error: Error })[]>): Promise<void> {
  for (const result of await results) if (!result.ok) throw result.error;
}

interface State {
  readonly name: string;
  readonly spoil: () => Promise<void>;
  readonly heal: () => Promise<void>;
}

let server: TestRedis;
let proxy: FaultProxy;
let looking: Redis;

const encryptionKey = randomBytes(32).toString('base64');
const open = () => new AnalyticsService({ redisUrl: `redis://127.0.0.1:${proxy.port}`, encryptionKey, deadlineMs: DEADLINE_MS });

const states: readonly State[] = [
  { name: 'down', spoil: async () => server.kill(), heal: async () => server.restart() },
  { name: 'stopped', spoil: async () => server.kill('SIGSTOP'), heal: async () => server.kill('SIGCONT') },
  {
    name: 'partitioned',
    spoil: async () => proxy.set({ toServer: { isHeld: true }, toClient: { isHeld: true } }),
    heal: async () => proxy.heal(),
  },
  { name: 'full', spoil: async () => void (await looking.config('SET', 'maxmemory', '1')), heal: async () => void (await looking.config('SET', 'maxmemory', '0')) },
  {
    name: 'loading',
    // 40 MB take it a while to read at one key each few ms.
    spoil: async () => {
      await looking.config('SET', 'key-load-delay', '20000');
      await looking.config('SET', 'save', '');
      void looking.call('DEBUG', 'RELOAD').catch(() => undefined);
      await sleep(50);
    },
    heal: async () => {
      await server.restart();
    },
  },
  {
    name: 'failing over',
    spoil: async () => void (await looking.call('REPLICAOF', '127.0.0.1', '1')),
    heal: async () => void (await looking.call('REPLICAOF', 'NO', 'ONE')),
  },
];

beforeAll(async () => {
  server = await startRedis({ args: ['--enable-debug-command', 'local'] });
  proxy = await FaultProxy.listen(server.port);
  looking = new Redis(server.url, { protocol: 2, maxRetriesPerRequest: null });
  looking.on('error', () => undefined);
});
afterAll(async () => {
  looking.disconnect();
  await proxy.close();
  await server.stop();
});

interface End {
  readonly name: string;
  readonly error: unknown;
  readonly ms: number;
}

async function end(service: AnalyticsService, name: string): Promise<End> {
  const began = performance.now();
  const error = await calls[name]!(service).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { name, error, ms: performance.now() - began };
}

/** What is not as promised: a call that took too long, or told what Redis said. */
const faultsOf = (ends: readonly End[]) =>
  ends
    .filter(({ name, error, ms }) => ms > mostMs(name) || (error !== undefined && !(error instanceof AnalyticsError && error.code !== 'INTERNAL')))
    .map(({ name, error, ms }) => `${name}: ${String(error)} after ${Math.round(ms)} ms`);

const all = async (service: AnalyticsService) => Promise.all(Object.keys(calls).map(async (name) => end(service, name)));

async function expectWorks(service: AnalyticsService): Promise<void> {
  const works = async (name: string) => until(async () => (await end(service, name)).error === undefined, 15_000);
  expect(await works('trackEvent')).toBe(true);
  for (const name of Object.keys(calls)) if (!(await works(name))) throw new Error(`${name} does not work again`);
}

describe.each(states)('while Redis is $name', ({ name: state, spoil, heal }) => {
  it('every call settles in time with a typed error or a result, of a service that was open and of one that was not, which work again afterwards', async () => {
    const [opened, first, closed] = [open(), open(), open()];
    for (const service of [opened, closed]) expect(await until(async () => (await end(service, 'trackEvent')).error === undefined)).toBe(true);
    // The first read of a process makes the folder of checkpoints, which takes a busy disk as long as all else together.
    expect(await until(async () => (await end(opened, 'getEvents')).error === undefined)).toBe(true);
    await looking.mset(Object.fromEntries(Array.from({ length: 500 }, (_, number) => [`ballast-${number}`, 'x'])));
    await spoil();
    const closing = async (): Promise<number> => {
      void closed.trackEvent({ type: EventType.CUSTOM }).catch(() => undefined);
      const began = performance.now();
      await closed.close();
      return performance.now() - began;
    };
    const [ofOpened, ofFirst, closeMs] = await Promise.all([all(opened), all(first), closing()]);
    expect(faultsOf(ofOpened)).toEqual([]);
    expect(faultsOf(ofFirst)).toEqual([]);
    expect(closeMs).toBeLessThan(DEADLINE_MS + GRACE_MS * SLACK);
    expect(faultsOf([await end(opened, 'trackEvent'), await end(opened, 'getEvents')])).toEqual([]);
    // Every read is recorded, and Redis takes no record while it is full or a replica.
    if (state === 'full' || state === 'failing over') expect(ofOpened.find(({ name }) => name === 'getEvents')?.error).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    else expect(ofOpened.find(({ name }) => name === 'trackEvent')?.error).toBeInstanceOf(AnalyticsError);
    await heal();
    for (const service of [opened, first]) {
      await expectWorks(service);
      await service.close();
    }
  }, 60_000);
});
