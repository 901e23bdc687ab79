import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { EventPriority, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { chunkIdOf } from '../../src/redis/keys.js';
import { hourOf } from '../../src/codec/hours.js';
import { signIn, type TestSocket } from '../realtime/support/socket.js';
import { childrenOf } from '../faults/scene/processTree.js';
import { clearForms, findForms } from '../support/clearForms.js';
import { FormFinder } from '../support/FormFinder.js';
import { freePort } from '../support/redis.js';
import { bulkStrings, redisStrings } from '../support/redisContent.js';
import { until } from '../support/program.js';
import { addBadJobs } from './badJobs.js';
import { canaries, canaryEvent, canaryForms, canaryNumbers, canaryTags, injectedCanary, openIn, openOfCallersIn, openOfPersonsIn, secrets } from './canaries.js';
import { openLeakScene, type LeakScene } from './LeakScene.js';
import { plantAtBoard, plantAtSockets } from './plantAtDoors.js';
import { plantByCommands } from './plantByCommands.js';

const types = [EventType.PAGE_VIEW, EventType.USER_ACTION, EventType.THERAPY_SESSION, EventType.SECURITY, EventType.CUSTOM] as const;
const metricNames = [canaries.metricName, canaries.personalMetricName, 'api_response_time'];
const injectedForms = clearForms(injectedCanary);
const callers = new FormFinder(canaryForms);

let scene: LeakScene;
let socket: TestSocket;
let doors: Awaited<ReturnType<typeof plantAtBoard>>;
let sockets: Awaited<ReturnType<typeof plantAtSockets>>;
/** What commands printed. */
let printed: string;
/** Codes that jobs failed with, counted. */
const failures: Record<string, number> = {};
let expectedFailures: Readonly<Record<string, number>>;

/**
 * Everything that people's data can pass through, once, with canaries in it; and faults meanwhile: a worker and a child of
 * it killed, Redis killed, full, absent, and silent.
 */
beforeAll(async () => {
  scene = await openLeakScene();
  scene.lookAtProcesses();
  sockets = await plantAtSockets(scene);
  socket = await signIn(scene.socketUrl, canaries.userId, await scene.token(canaries.userId));
  await trackEverything();
  await trackThroughFaults();
  await failEverything();
  await until(async () => (await countFailures()) === sum(Object.values(expectedFailures)), 20_000);
  printed = await plantByCommands(scene);
  doors = await plantAtBoard(scene, await failedJobs());
  scene.lookAtProcesses();
  socket.ws.terminate();
  sockets.close();
  for (const role of Object.values(scene.roles)) role.signalGroup('SIGTERM');
  await Promise.all(Object.values(scene.roles).map(async (role) => role.ended()));
}, 150_000);

afterAll(async () => scene?.close());

describe('with canaries everywhere in the callers’ data', () => {
  it('stores them complete, and shows them to their user: so they did pass through what is scanned here', async () => {
    const service = scene.service();
    for (const type of types) {
      const events = await service.getEvents({ type });
      expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ type, ...canaryEvent() })]));
    }
    for (const name of metricNames) {
      const samples = await service.getMetrics({ name, tags: { [canaries.tagKey]: canaries.tagValue } });
      expect(samples).toEqual(expect.arrayContaining([expect.objectContaining({ name, value: canaryNumbers.metric, tags: canaryTags })]));
    }
    expect(socket.messages).toEqual(expect.arrayContaining([expect.objectContaining({ event: expect.objectContaining(canaryEvent()) })]));
  });

  it('fails the bad jobs, each for its own reason', () => {
    expect(failures).toEqual(expectedFailures);
  });

  it('leaves none in the append-only file', () => {
    expect(scene.files().map(({ name }) => name)).toEqual(expect.arrayContaining(['appendonly.aof.1.incr.aof', 'redis.log']));
    const total = Buffer.concat(scene.files().map(({ bytes }) => bytes));
    expect(total.includes('analytics:events:processed:custom')).toBe(true);
    expect(total.includes('analytics:metrics:api_response_time')).toBe(true);
    expect(total.length).toBeGreaterThan(50_000);
    expect(findInFiles()).toEqual([]);
    const log = scene.files().filter(({ name }) => name.endsWith('.aof')).flatMap(({ bytes }) => bulkStrings(bytes));
    expect(log.length).toBeGreaterThan(1000);
    expect(distinct(log).flatMap(openOfCallersIn)).toEqual([]);
  });

  it('leaves none in spools, backups, a de-identified export, checkpoints, nor in the folder for temporary files', () => {
    const own = scene.files().filter(({ folder }) => folder.startsWith(scene.dataDir));
    const below = (part: string) => own.filter(({ folder }) => folder.includes(part)).length;
    expect([below('spool') > 0, below('backup') > 2, below('audit') > 0, own.some(({ name }) => name === 'export.ndjson')]).toEqual([true, true, true, true]);
    expect(own.find(({ name }) => name === 'export.ndjson')!.bytes.toString()).toContain('Firefox');
    expect(own.flatMap(({ name, bytes }) => openIn(bytes).map((what) => `${what} in ${name}`))).toEqual([]);
    expect(own.filter(({ folder }) => folder.startsWith(join(scene.dataDir, 'tmp')))).toEqual([]);
  });

  it('leaves none in a dump, nor in a rewritten append-only file', async () => {
    await snapshot();
    const names = scene.files().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['dump.rdb', 'appendonly.aof.2.base.rdb']));
    expect(findInFiles()).toEqual([]);
  });

  it('leaves none in any key, field, member or stream of Redis, compressed ones included', async () => {
    const strings = await redisStrings(scene.redis);
    expect(strings.length).toBeGreaterThan(300);
    const texts = distinct(strings.map(({ bytes }) => bytes));
    expect(texts.flatMap(openOfCallersIn)).toEqual([]);
  });

  it('lets none cross the wire to Redis, in either direction', () => {
    const recordings = scene.wire.bytes();
    expect(sum(recordings.map((bytes) => bytes.length))).toBeGreaterThan(100_000);
    expect(recordings.flatMap((bytes) => [...callers.find(bytes)])).toEqual([]);
  });

  it('derives no id in Redis from a metric’s name by a hash that anybody could try', () => {
    const everything = Buffer.concat([...scene.wire.bytes(), ...scene.files().map(({ bytes }) => bytes)]);
    const jobIds = new Set(everything.toString('latin1').match(/[0-9a-f]{8}-[0-9a-f]{4}-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g));
    expect(jobIds.size).toBeGreaterThan(10);
    const hour = hourOf(Date.now());
    const guesses = [...jobIds].flatMap((jobId) => [hour - 1, hour].flatMap((at) => metricNames.map((name) => [name, chunkIdOf(jobId, `metric ${name}`, at)] as const)));
    const found = guesses.flatMap(([name, id]) => (everything.includes(id) ? [name] : []));
    // The plain name shows that this search would find the others.
    expect(new Set(found)).toEqual(new Set(['api_response_time']));
  });

  it('leaves none in what the processes print, nor in what Redis tells of itself', async () => {
    const output = scene.output();
    for (const said of ['SEAL_BROKEN', 'A sign-in was refused', '"board"', '"broadcasting"', '"scheduling"']) expect(output).toContain(said);
    const slow = JSON.stringify(await scene.redis.call('SLOWLOG', 'GET', '10000'));
    const told = [output, slow, await scene.redis.info('everything'), String(await scene.redis.client('LIST'))];
    expect(openOfCallersIn(Buffer.from(told.join('\n')))).toEqual([]);
    expect(openIn(Buffer.from(output))).toEqual([]);
    expect(printed).toContain('SEAL_BROKEN');
    expect(openIn(Buffer.from(printed))).toEqual([]);
  });

  it('leaves none on any page and in any answer of the board, its figures, jobs and refusals included', () => {
    expect(doors.statuses).toMatchObject({ 'signed in': 303, 'no token': 401, 'no role': 403, 'unknown page': 404, 'no json': 400, foreign: 403, dropped: 200, '/': 200, figures: 200, '/queues': 200, 'job in events': 200, failed: 200 });
    expect(doors.pages.length).toBeGreaterThan(40);
    expect(doors.pages.flatMap(openIn)).toEqual([]);
  });

  it('leaves none in what sockets of others are sent, nor in why they are closed', () => {
    expect(sockets.codes).toEqual([4403, 4401, 4401, 4400, 4400, 1009]);
    expect(sockets.frames.some((frame) => frame.includes('"authenticated"'))).toBe(true);
    expect(sockets.frames.flatMap(openIn)).toEqual([]);
  });

  it('leaves none in the arguments of any process; of the environment each has what it needs, and nothing of people', () => {
    const commands = [...scene.seen.keys()];
    for (const word of ['--services=board', '--services=broadcasting', 'children/main.js', 'dead-letters', 'api-keys', 'token']) expect(commands.some((command) => command.includes(word))).toBe(true);
    expect(openIn(Buffer.from(commands.join('\n')))).toEqual([]);
    expect([...scene.seen.values()].flatMap((environment) => openOfPersonsIn(Buffer.from(environment, 'latin1')))).toEqual([]);
    const children = [...scene.seen].filter(([command]) => command.includes('children/main.js')).map(([, environment]) => Buffer.from(environment, 'latin1'));
    const ofDoors = new FormFinder([secrets.tokenSecret, secrets.guardTokenKey, secrets.emergencyHash].flatMap(clearForms));
    expect(children.map((environment) => [...ofDoors.find(environment)])).toEqual(children.map(() => []));
  });

  it('leaves none in any error that a caller or a log could meet', () => {
    const texts = scene.errorTexts();
    expect(texts.length).toBeGreaterThanOrEqual(8);
    expect(texts.flatMap((text) => openIn(Buffer.from(text)))).toEqual([]);
  });

  it('keeps what somebody put into a job in clear out of the reason that it failed for', async () => {
    for (const title of ['events', 'metrics'] as const) {
      const queue = createQueue(queuePlaces(scene.keys)[title], scene.redis);
      for (const job of await queue.getFailed()) {
        const reason = Buffer.from(JSON.stringify([job.failedReason, job.stacktrace, job.returnvalue]));
        expect(findForms(reason, [...canaryForms, ...injectedForms])).toEqual([]);
      }
      await queue.close();
    }
  });
});

describe('the scan', () => {
  it('finds a canary in every form in the append-only file, the dump and the keys, once it is there', async () => {
    await scene.redis.mset(canaryForms.flatMap(({ bytes }, place) => [`planted:${place}`, joined([Buffer.from('x'), bytes])]));
    const all = canaryForms.map(({ form, text }) => `${text} (${form})`);
    const find = () => scene.files().filter(({ name }) => /aof|rdb/.test(name)).map(({ name, bytes }) => [name, findForms(bytes, canaryForms)] as const);
    expect(find()).toContainEqual(['appendonly.aof.2.incr.aof', all]);
    await snapshot();
    expect(find()).toContainEqual(['dump.rdb', all]);
    expect(find()).toContainEqual(['appendonly.aof.3.base.rdb', all]);
    const strings = (await redisStrings(scene.redis)).map(({ bytes }) => bytes);
    expect(findForms(joined(strings), canaryForms)).toEqual(all);
  });
});

async function trackEverything(): Promise<void> {
  const service = scene.service();
  await Promise.all([
    ...types.map(async (type) => service.trackEvent({ type, ...canaryEvent(), priority: EventPriority.HIGH })),
    service.trackEvent({ type: EventType.CUSTOM, ...canaryEvent(), id: canaries.callerId }),
    service.trackEvent({ type: EventType.CUSTOM, ...canaryEvent(), id: canaries.callerId, priority: EventPriority.CRITICAL }),
    service.trackEvent({ type: EventType.CUSTOM, ...canaryEvent(), userId: canaries.otherUserId }),
    ...metricNames.map(async (name) => service.trackMetric({ name, value: canaryNumbers.metric, tags: canaryTags })),
  ]);
  // As it is by default: what looks like a person's is masked, and what the guard lets pass is sealed all the same.
  const usual = scene.service({ guard: {} });
  const id = await usual.trackEvent({ type: EventType.ERROR, ...canaryEvent(), properties: { [canaries.defaultKey]: canaries.email, page: canaries.page } });
  await usual.trackMetric({ name: 'api_response_time', value: 1, tags: { endpoint: canaries.page } });
  await until(async () => (await usual.getEvents({ type: EventType.ERROR })).some((event) => event.id === id));
  for (const type of types) await until(async () => (await service.getEvents({ type, userId: canaries.userId })).length > 0);
  for (const name of metricNames) await until(async () => (await service.getMetrics({ name, tags: canaryTags })).length > 0);
  await until(() => socket.eventIds().length >= types.length + 1);
  await service.getEvents({ type: EventType.CUSTOM, userId: canaries.userId, sessionId: canaries.sessionId });
  await service.getStats();
  await service.cleanup();
}

/** What is tracked while processes are killed and Redis is away comes through all the same, and leaves nothing behind. */
async function trackThroughFaults(): Promise<void> {
  const service = scene.service({ deadlineMs: 20_000 });
  const type = EventType.SECURITY;
  const track = async (): Promise<string> => service.trackEvent({ type, ...canaryEvent(), priority: EventPriority.HIGH });
  const ids: string[] = [];
  // A child in the midst of its job, or idle; and its worker.
  for (const pid of childrenOf(scene.roles.worker.child.pid!)) process.kill(pid, 'SIGKILL');
  ids.push(await track());
  await scene.killRole('worker');
  ids.push(await track());
  const early = track();
  await scene.server.kill();
  // What nobody could send meanwhile lies in the spool, and stays there: its Redis does not come back.
  const spooling = scene.service({ redisUrl: `redis://127.0.0.1:${await freePort()}`, spool: { dir: join(scene.dataDir, 'spool') } });
  await spooling.trackEvent({ type, ...canaryEvent(), userId: canaries.spooledUserId, id: `${canaries.callerId}-spooled` });
  await scene.server.restart();
  ids.push(await early);
  const isStored = async (): Promise<boolean> => {
    const stored = new Set((await service.getEvents({ type, limit: 100 })).map(({ id }) => id));
    return ids.every((id) => stored.has(id));
  };
  await until(isStored, 30_000);
}

async function failedJobs(): Promise<string[]> {
  const queue = createQueue(queuePlaces(scene.keys).events, scene.redis);
  const jobs = await queue.getFailed();
  await queue.close();
  return jobs.map(({ id }) => id!);
}

async function failEverything(): Promise<void> {
  const service = scene.service();
  // Jobs. The feed of a type that holds something else makes the script refuse.
  expectedFailures = await addBadJobs(scene.redis, scene.keys);
  await scene.redis.set(scene.keys.event(EventType.NOTIFICATION).feed, 'of another program');
  await service.trackEvent({ type: EventType.NOTIFICATION, ...canaryEvent() });
  await until(() => scene.output().includes('STORE_INCONSISTENT'));

  // Input. Canaries stand where they are refused.
  const invalid = (event: object) => scene.failing(async () => service.trackEvent(event as never)); // what the types forbid is meant
  await invalid({ type: canaries.eventValue, priority: canaries.eventValue, userId: 7, [canaries.eventKey]: 1 });
  await invalid({ ...canaryEvent(), type: EventType.CUSTOM, id: canaries.callerId.repeat(20), userId: canaries.userId.repeat(20) });
  await invalid({ ...canaryEvent(), type: EventType.CUSTOM, properties: { [canaries.eventKey]: () => canaries.eventValue } });
  await invalid({ ...canaryEvent(), type: EventType.CUSTOM, timestamp: canaries.eventValue });
  const refusing = scene.service({ guard: { mode: 'refuse' } });
  await scene.failing(async () => refusing.trackEvent({ type: EventType.CUSTOM, ...canaryEvent() }));
  await scene.failing(async () => service.trackMetric({ name: canaries.metricName.repeat(20), value: Number.NaN, tags: { [canaries.tagKey]: 1 as never } }));
  await scene.failing(async () => service.getEvents({ type: canaries.page as never }));
  await scene.failing(async () => service.getMetrics({ name: canaries.metricName, tags: { [canaries.tagKey]: 1 as never } }));

  // Keys.
  const stranger = scene.service({ encryptionKey: randomBytes(32).toString('base64') });
  await scene.failing(async () => stranger.trackEvent({ type: EventType.CUSTOM, ...canaryEvent() }));

  // Redis is absent, refuses, and does not answer.
  const absent = scene.service({ redisUrl: `redis://127.0.0.1:${await freePort()}`, deadlineMs: 300 });
  await scene.failing(async () => absent.trackEvent({ type: EventType.CUSTOM, ...canaryEvent() }));
  const hasty = scene.service({ deadlineMs: 1000 });
  await hasty.getStats();
  await scene.redis.config('SET', 'maxmemory', '1');
  await scene.failing(async () => hasty.trackEvent({ type: EventType.CUSTOM, ...canaryEvent() }));
  await scene.redis.config('SET', 'maxmemory', '0');
  scene.wire.stall();
  await Promise.all([
    scene.failing(async () => hasty.trackEvent({ type: EventType.CUSTOM, ...canaryEvent(), id: canaries.callerId })),
    scene.failing(async () => hasty.trackMetric({ name: canaries.metricName, value: 1, tags: canaryTags })),
    scene.failing(async () => hasty.getEvents({ type: EventType.CUSTOM, userId: canaries.userId })),
  ]);
  scene.wire.resume();
  await service.flush();
}

/** The jobs that have failed for good. The one that met the wrong feed is tried again for a while, and not counted. */
async function countFailures(): Promise<number> {
  for (const code of Object.keys(failures)) delete failures[code];
  for (const title of ['events', 'metrics'] as const) {
    const queue = createQueue(queuePlaces(scene.keys)[title], scene.redis);
    for (const job of await queue.getFailed()) {
      const [code = ''] = job.failedReason.split(':');
      failures[code] = (failures[code] ?? 0) + 1;
    }
    await queue.close();
  }
  return sum(Object.values(failures));
}

/** Writes a dump and rewrites the append-only file; resolves when both are on the disk. */
async function snapshot(): Promise<void> {
  const before = scene.files().filter(({ name }) => name.includes('.base.')).map(({ name }) => name);
  const isIdle = async () => /rdb_bgsave_in_progress:0[^]*aof_rewrite_in_progress:0/.test(await scene.redis.info('persistence'));
  await scene.redis.bgsave();
  await until(isIdle);
  await scene.redis.bgrewriteaof();
  await until(async () => (await isIdle()) && scene.files().some(({ name }) => name.includes('.base.') && !before.includes(name)));
}

function findInFiles(): string[] {
  return scene.files().flatMap(({ name, bytes }) => Array.from(callers.find(bytes), ({ text, form }) => `${text} (${form}) in ${name}`));
}

/** One haystack: searching many small ones costs a hundred times as much. */
function joined(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.of(0)]));
}

function distinct(all: readonly Buffer[]): Buffer[] {
  return [...new Map(all.map((bytes) => [bytes.toString('latin1'), bytes])).values()];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
