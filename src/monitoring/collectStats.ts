import type { Queue } from 'bullmq';

import { queueTitles, type QueueTitle } from '../../queues/names.js';
import { countEmergencies } from '../access/emergency/Emergencies.js';
import type { Config } from '../config/parseConfig.js';
import { countLockedOut } from '../doors/countLockedOut.js';
import { readMergeStatus } from '../merging/mergeStatus.js';
import { readStoreFigures } from '../merging/storeFigures.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { readCleanupStatus } from '../retention/cleanupStatus.js';
import type { ChildFigures } from './childFigures.js';
import type { BroadcastingFigures, ProcessingFigures, SignInFigures } from './figures.js';
import { readCanary } from './canary/readCanary.js';
import { canaryStatus, findReasons, isMoving } from './readiness.js';
import { rateOf, readHeartbeats, type HeartbeatReading } from './readHeartbeats.js';
import { readRedisInfo } from './readRedisInfo.js';
import type { ChildStats, JobCounts, ProcessStats, QueueStats, Stats, SystemStats, WebSocketStats } from './Stats.js';

export interface CollectStatsContext {
  readonly config: Pick<Config, 'ANALYTICS_CLEANUP_INTERVAL' | 'ANALYTICS_MERGE_INTERVAL' | 'ANALYTICS_READY_ROLES'>;
  readonly keys: Keys;
  /** Fails fast, or the figures wait for Redis up to 2 s. */
  readonly redis: RedisClient;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  /** What Redis has to answer, ms. Default: 2000. */
  readonly answerMs?: number;
}

const ANSWER_MS = 2000;
/** Workers that have not beaten this long yet cannot be called stuck. */
const STUCK_AFTER_MS = 8000;

/** Reads how the service fares: the "Monitoring" section of the documentation. Answers within `answerMs`, Redis or not; never throws. */
export async function collectStats(context: CollectStatsContext): Promise<Stats> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, context.answerMs ?? ANSWER_MS, undefined);
  });
  // What failed says only that Redis does not answer, which is what the figures then say.
  const read = readAll(context).catch(() => undefined);
  const found = await Promise.race([read, limit]);
  clearTimeout(timer);
  return found ?? withoutRedis();
}

async function readAll({ config, keys, redis, queues }: CollectStatsContext): Promise<Stats> {
  const [info, heartbeats, cleanup, merge, store, canary, emergencies, lockedOut, ...counts] = await Promise.all([
    readRedisInfo(redis),
    readHeartbeats(redis, keys),
    readCleanupStatus(redis, keys),
    readMergeStatus(redis, keys),
    readStoreFigures(redis, keys),
    readCanary(redis, keys),
    countEmergencies(redis, keys),
    countLockedOut(redis, keys),
    ...queueTitles.map((title) => readCounts(redis, queues[title])),
  ]);
  const at = Date.now();
  const countsOf = Object.fromEntries(queueTitles.map((title, place) => [title, counts[place]])) as Record<QueueTitle, JobCounts>; // one for each title
  const status = workerStatus(countsOf, heartbeats);
  const queue = queueStats(withoutCanary(countsOf, canary.waitingSince !== undefined), heartbeats);
  return {
    at,
    queue,
    webSocket: webSocketStats(heartbeats),
    store: store ?? null,
    system: {
      memory: { processes: memoryOf(heartbeats), redis: info.usedMemory, redisLimit: info.maxMemory === 0 ? null : info.maxMemory },
      redis: { connected: true, latency: info.latencyMs, version: info.version },
      workerStatus: status,
      notReady: findReasons({ roles: config.ANALYTICS_READY_ROLES, info, heartbeats, workerStatus: status, canary }),
      canary: { status: canaryStatus(canary), lastStoredAt: canary.storedSentAt ?? null, wait: canary.wait, store: canary.store, feed: canary.feed },
      emergencies,
      signIns: { failures: sumOf(heartbeats, ({ figures }) => figures[signIn('signInFailures')] ?? 0), lockedOut },
      processes: heartbeats.map(toProcess),
      children: childStats(heartbeats),
      cleanup: {
        ...lastRun(cleanup, at, config.ANALYTICS_CLEANUP_INTERVAL),
        removed: cleanup?.report ?? null,
      },
      merge: {
        ...lastRun(merge, at, config.ANALYTICS_MERGE_INTERVAL),
        report: merge?.report ?? null,
      },
    },
  };
}

/** A worker's clock may be ahead of ours by this much; what finished later than that says nothing of what ran since. */
const AHEAD_MOST_MS = 60_000;

/** How a job on a schedule fares: late when none is known to have finished for two intervals. */
function lastRun(
  run: { readonly finishedAt: number; readonly durationMs: number } | undefined,
  at: number,
  intervalMs: number,
): Pick<SystemStats['merge'], 'status' | 'lastFinishedAt' | 'durationMs'> {
  if (run === undefined) return { status: 'never', lastFinishedAt: null, durationMs: null };
  const ageMs = at - run.finishedAt;
  const status = ageMs > 2 * intervalMs || ageMs < -AHEAD_MOST_MS ? 'late' : 'ok';
  return { status, lastFinishedAt: run.finishedAt, durationMs: run.durationMs };
}

async function readCounts(redis: RedisClient, queue: Queue): Promise<JobCounts> {
  const [{ wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 }, [, oldest]] = await Promise.all([
    queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed'),
    redis.zrange(queue.toKey('failed'), '0', '0', 'WITHSCORES'),
  ]);
  return { waiting: wait + prioritized, active, delayed, failed, oldestFailedAt: oldest === undefined ? null : Number(oldest) };
}

/** A canary that nobody takes is the first in the queue, and no job of anybody's. */
function withoutCanary(queues: Readonly<Record<QueueTitle, JobCounts>>, waits: boolean): Readonly<Record<QueueTitle, JobCounts>> {
  const { events } = queues;
  if (!waits || events.active > 0 || events.waiting === 0) return queues;
  return { ...queues, events: { ...events, waiting: events.waiting - 1 } };
}

const processing = (name: keyof ProcessingFigures) => name;
const broadcasting = (name: keyof BroadcastingFigures) => name;
const signIn = (name: keyof SignInFigures) => name;

function sumOf(heartbeats: readonly HeartbeatReading[], value: (heartbeat: HeartbeatReading) => number): number {
  return heartbeats.reduce((sum, heartbeat) => sum + value(heartbeat), 0);
}

function queueStats(queues: Readonly<Record<QueueTitle, JobCounts>>, heartbeats: readonly HeartbeatReading[]): QueueStats {
  const rate = (name: keyof ProcessingFigures) => sumOf(heartbeats, (one) => rateOf(one, processing(name)));
  const completed = rate('jobsCompleted');
  return {
    length: [queues.events, queues.metrics].reduce((sum, { waiting, delayed }) => sum + waiting + delayed, 0),
    processingRate: rate('eventsStored') + rate('samplesStored'),
    errorRate: rate('jobsFailed'),
    processingTime: completed === 0 ? 0 : rate('processingMs') / completed,
    queues,
  };
}

function webSocketStats(heartbeats: readonly HeartbeatReading[]): WebSocketStats {
  const total = (name: keyof BroadcastingFigures) => sumOf(heartbeats, ({ figures }) => figures[broadcasting(name)] ?? 0);
  const rate = (name: keyof BroadcastingFigures) => sumOf(heartbeats, (one) => rateOf(one, broadcasting(name)));
  return {
    connectedClients: total('clients'),
    messageRate: rate('messagesSent'),
    errorRate: rate('errors'),
    authenticationFailures: total('authenticationFailures'),
  };
}

function childStats(heartbeats: readonly HeartbeatReading[]): ChildStats {
  const total = (name: keyof ChildFigures) => sumOf(heartbeats, ({ figures }) => figures[name] ?? 0);
  return {
    alive: total('childrenAlive'),
    memory: total('childrenMemory'),
    started: total('childrenStarted'),
    crashed: total('childrenCrashed'),
    killed: total('childrenKilled'),
    recycled: total('childrenRecycled'),
  };
}

function workerStatus(queues: Readonly<Record<QueueTitle, JobCounts>>, heartbeats: readonly HeartbeatReading[]): SystemStats['workerStatus'] {
  const workers = heartbeats.filter(({ role }) => role === 'processing');
  if (workers.length === 0) return 'absent';
  const waiting = queues.events.waiting + queues.metrics.waiting;
  const watchedLongEnough = workers.some(({ spanMs }) => spanMs >= STUCK_AFTER_MS);
  return waiting > 0 && !isMoving(workers) && watchedLongEnough ? 'stuck' : 'running';
}

/** A process with several roles beats once for each: it is counted once. */
function memoryOf(heartbeats: readonly HeartbeatReading[]): number {
  const byProcess = new Map(heartbeats.map(({ host, pid, rss }) => [`${host} ${pid}`, rss]));
  return [...byProcess.values()].reduce((sum, rss) => sum + rss, 0);
}

function toProcess({ id, role, host, pid, startedAt, ageMs, rss, version }: HeartbeatReading): ProcessStats {
  return { id, role, host, pid, startedAt, beatAge: ageMs, version, memory: rss };
}

function withoutRedis(): Stats {
  return {
    at: Date.now(),
    queue: null,
    webSocket: null,
    store: null,
    system: {
      memory: { processes: process.memoryUsage().rss, redis: null, redisLimit: null },
      redis: { connected: false, latency: null, version: null },
      workerStatus: 'unknown',
      notReady: ['REDIS_UNAVAILABLE'],
      canary: { status: 'unknown', lastStoredAt: null, wait: null, store: null, feed: null },
      emergencies: null,
      signIns: null,
      processes: [],
      children: null,
      cleanup: { status: 'unknown', lastFinishedAt: null, durationMs: null, removed: null },
      merge: { status: 'unknown', lastFinishedAt: null, durationMs: null, report: null },
    },
  };
}
