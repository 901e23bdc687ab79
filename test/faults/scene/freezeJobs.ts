import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../../support/program.js';
import type { QueueTitle } from '../../../queues/names.js';
import type { Strike } from '../rows/FaultRow.js';
import type { Scene } from './Scene.js';
import type { ServiceProcess } from './ServiceProcess.js';

export interface FrozenJob {
  readonly queue: QueueTitle;
  readonly id: string;
  /** How often it had been started. */
  readonly starts: number;
}

/** Jobs in the midst of their work. */
export interface FrozenJobs {
  readonly jobs: readonly FrozenJob[];
  /** The stopped children by worker. */
  readonly children: ReadonlyMap<ServiceProcess, readonly number[]>;
  /** Lets the children go on that still are. */
  readonly thaw: () => void;
}

const SETTLE_MS = 40;
const TRIES = 60;
const PATIENCE = 3;

/**
 * Stops the children of all workers at a moment at which jobs are in them: only then is it certain that a fault meets
 * jobs in the midst of their work. Without load there are none.
 */
export async function freezeJobs(scene: Scene): Promise<FrozenJobs> {
  for (let tries = 1; ; tries += 1) {
    const children = new Map(scene.workers.map((worker) => [worker, worker.children]));
    const all = [...children.values()].flat();
    const thaw = (): void => all.forEach((pid) => signal(pid, 'SIGCONT'));
    for (const pid of all) signal(pid, 'SIGSTOP');
    // What the children had sent already is taken by their parents meanwhile.
    await sleep(SETTLE_MS);
    const jobs = (await Promise.all((['events', 'metrics'] as const).map((queue) => activeJobs(scene, queue)))).flat();
    if (jobs.length > 0 || tries === TRIES) return { jobs, children, thaw };
    thaw();
    await sleep(scene.random.whole(10, 60));
  }
}

/**
 * Puts down how long it takes from now until every one of these jobs was started again or is done, and where those are
 * that were not after three times as long as they may take.
 */
export async function ranAgain({ scene, took, note }: Pick<Strike, 'scene' | 'took' | 'note'>, jobs: readonly FrozenJob[], most: number): Promise<void> {
  const startedAt = performance.now();
  const left = new Set(jobs);
  const isOver = async (): Promise<boolean> => {
    for (const job of left) {
      const starts = await startsOf(scene, job);
      if (starts === undefined || starts > job.starts) left.delete(job);
    }
    return left.size === 0;
  };
  const isMet = await until(isOver, most * PATIENCE);
  took('jobs ran again', isMet ? performance.now() - startedAt : undefined, most);
  for (const { queue, id } of left) note(`${queue} ${id}`, await scene.queues[queue].getJobState(id));
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

async function activeJobs(scene: Scene, queue: QueueTitle): Promise<FrozenJob[]> {
  const ids = await scene.client.lrange(scene.queues[queue].toKey('active'), 0, -1);
  const jobs = await Promise.all(ids.map(async (id) => ({ queue, id, starts: await startsOf(scene, { queue, id }) })));
  return jobs.flatMap(({ starts, ...job }) => (starts === undefined ? [] : [{ ...job, starts }]));
}

/** undefined once the job is done: it is removed then. */
async function startsOf(scene: Scene, { queue, id }: Pick<FrozenJob, 'queue' | 'id'>): Promise<number | undefined> {
  const starts = await scene.client.hget(scene.queues[queue].toKey(id), 'ats');
  return starts === null ? undefined : Number(starts);
}
