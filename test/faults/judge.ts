import { hourOf } from '../../src/codec/hours.js';
import { until } from '../support/program.js';
import { checkCounts } from './check/checkCounts.js';
import { checkEvents, type EventTally } from './check/checkEvents.js';
import { checkLeaks, checkProcesses } from './check/checkLeaks.js';
import { checkSamples, type SampleTally } from './check/checkSamples.js';
import { checkSockets } from './check/checkSockets.js';
import type { Findings } from './check/Findings.js';
import { keptOps } from './check/keptOps.js';
import { readStored, type StoredEvent } from './check/readStore.js';
import { readMergeStatus } from '../../src/merging/mergeStatus.js';
import { readCleanupStatus } from '../../src/retention/cleanupStatus.js';
import { readHistory, type History } from './history/History.js';
import { usedTypes } from './producer/createEvent.js';
import { watchedUsers } from './scene/people.js';
import type { Scene } from './scene/Scene.js';
import { AnalyticsService } from '../../src/index.js';

export interface Judgement {
  readonly history: History;
  readonly events: EventTally;
  readonly samples: SampleTally;
}

const FINISH_MS = 120_000;
const DRAIN_MS = 180_000;
const QUIET_MS = 1000;
const SOCKETS_MS = 30_000;
/** Intervals are of seconds here; the jobs that wait before them may take 20 s each. */
const SCHEDULE_MS = 120_000;
/** A worker whose clock is an hour ahead removes what expires within an hour. */
const SKEW_MS = 65 * 60_000;
/** Timers of a busy machine run late. */
const LATE_MS = 500;
const QUERY_MS = 120_000;

/** Lets producers repeat until they know, waits until the queue is empty and the sockets have what they get, and ends the workers. */
export async function settle(scene: Scene, findings: Findings, say: (line: string) => void): Promise<void> {
  say('producers finish what they were not answered ...');
  await Promise.all(
    scene.producers.map(async (producer) => {
      if (await producer.finish(FINISH_MS)) return;
      const { underWay, toRepeat } = producer.report;
      findings.add('hung', producer.process.name, `it did not finish within ${FINISH_MS / 1000} s: ${underWay} calls under way, ${toRepeat} to repeat`);
      await producer.process.kill();
    }),
  );
  say('the queues drain ...');
  const isDrained = await until(async () => (await scene.unfinishedJobs()) === 0, DRAIN_MS);
  if (!isDrained) findings.add('hung', 'queues', `${await scene.unfinishedJobs()} jobs were left after ${DRAIN_MS / 1000} s`);
  await socketsQuiet(scene);
  await schedulesGoOn(scene, findings, say);
  checkProcesses(scene, findings);
  await Promise.all(
    scene.workers.map(async (worker) => {
      const code = await worker.stop();
      if (code !== 0) findings.add('hung', worker.name, `it did not end in order: ${code === undefined ? 'killed' : `exit code ${code}`}`);
    }),
  );
}

/**
 * Reads the store and judges. Nothing may write to it meanwhile.
 * @param slack multiplies what a call may settle late
 */
export async function judge(scene: Scene, findings: Findings, slack: number, say: (line: string) => void): Promise<Judgement> {
  say('reading the histories ...');
  const { ANALYTICS_RETENTION_DAYS: days, ANALYTICS_DEADLINE_MS: deadlineMs } = scene.config;
  const history = await readHistory(scene.folder, deadlineMs + LATE_MS * slack);
  for (const [op, ms] of history.late) findings.add('late', op, `the call settled after ${ms} ms; the deadline is ${deadlineMs}`);
  const keptFrom = Date.now() - days * 86_400_000 + SKEW_MS;
  const perType = new Map(usedTypes.map((type) => [type as string, { ids: new Set<string>(), perHour: new Map<number, number>() }]));
  const byUser = new Map<string, StoredEvent[]>(watchedUsers.map((user) => [user, []]));

  say('searching what lies open ...');
  checkLeaks(scene, findings);

  say('reading the store ...');
  const everything = async function* (): AsyncGenerator<StoredEvent> {
    for (const type of usedTypes) {
      const { ids, perHour } = perType.get(type)!; // made from the same list
      for await (const event of readStored(scene, type)) {
        ids.add(event.id);
        perHour.set(hourOf(event.time), (perHour.get(hourOf(event.time)) ?? 0) + 1);
        byUser.get(event.userId)?.push(event);
        yield event;
      }
    }
  };
  const events = await checkEvents({ history, stored: everything(), keptFrom, kept: await keptOps(scene, findings), findings });

  const service = readerOf(scene);
  try {
    say('asking the service what it counts ...');
    for (const [type, { ids, perHour }] of perType) await checkCounts({ scene, service, type, ids, perHour, keptFrom, findings });
    const samples = await checkSamples(history, service, findings);
    checkSockets(scene.listeners.flatMap(({ logs }) => logs), byUser, findings);
    return { history, events, samples };
  } finally {
    await service.close();
  }
}

/** Queries of a million events take longer than a call of an application may. */
function readerOf({ config, redis }: Scene): AnalyticsService {
  return new AnalyticsService({
    redisUrl: redis.url,
    redisPrefix: config.REDIS_PREFIX,
    encryptionKey: config.ANALYTICS_ENCRYPTION_KEY!, // the scene has made one
    dataDir: config.ANALYTICS_DATA_DIR,
    retentionDays: config.ANALYTICS_RETENTION_DAYS,
    deadlineMs: QUERY_MS,
  });
}

/** Whatever happened, merge and clean-up have to run again by themselves. */
async function schedulesGoOn({ client, keys }: Scene, findings: Findings, say: (line: string) => void): Promise<void> {
  say('merge and clean-up run once more ...');
  const begun = Date.now();
  const statuses = { cleanup: readCleanupStatus, merge: readMergeStatus };
  for (const [name, read] of Object.entries(statuses)) {
    const hasRun = await until(async () => ((await read(client, keys))?.finishedAt ?? 0) > begun, SCHEDULE_MS);
    if (!hasRun) findings.add('hung', name, `it did not run within ${SCHEDULE_MS / 1000} s`);
  }
}

async function socketsQuiet({ listeners }: Scene): Promise<void> {
  let count = -1;
  let since = performance.now();
  await until(() => {
    const now = listeners.reduce((sum, { received }) => sum + received, 0);
    if (now !== count) [count, since] = [now, performance.now()];
    return performance.now() - since > QUIET_MS;
  }, SOCKETS_MS);
}
