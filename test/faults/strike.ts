import { setTimeout as sleep } from 'node:timers/promises';

import type { FaultRow, Strike } from './rows/FaultRow.js';
import { limits } from './rows/limits.js';
import type { Random } from './random.js';
import { signal } from './scene/freezeJobs.js';
import type { Scene } from './scene/Scene.js';
import { describeProcess } from './scene/processTree.js';
import { timed } from './scene/timed.js';

export interface Measure {
  readonly what: string;
  /** ms; undefined when it did not happen while it was waited for. */
  readonly ms: number | undefined;
  readonly most: number;
}

/** What came of one go of a row. */
export interface StrikeReport {
  readonly row: string;
  /** Seconds after the run began. */
  readonly at: number;
  readonly seconds: number;
  readonly measures: readonly Measure[];
  readonly broken: readonly string[];
  readonly notes: Readonly<Record<string, number | string>>;
  /** Processes that nobody looked after 2 s later. */
  readonly orphans: readonly string[];
  readonly pass: boolean;
}

export interface StrikeOptions {
  readonly scene: Scene;
  readonly random: Random;
  readonly startedAt: number;
  /** Limits are multiplied by it. */
  readonly slack: number;
}

/** Strikes once, and waits until the service is at work again and nothing is left behind. */
export async function strikeOnce(row: FaultRow, { scene, random, startedAt, slack }: StrikeOptions): Promise<StrikeReport> {
  const measures: Measure[] = [];
  const broken: string[] = [];
  const notes: Record<string, number | string> = {};
  const begun = performance.now();
  const context: Strike = {
    scene,
    random,
    last: (ms) => sleep(ms),
    took: (what, ms, most) => measures.push({ what, ms: ms === undefined ? undefined : Math.round(ms), most: most * slack }),
    held: (what, isSo) => isSo || broken.push(what),
    note: (what, value) => (notes[what] = value),
  };
  try {
    await row.run(context);
  } catch (error) {
    broken.push(error instanceof Error ? error.message : 'the row failed');
  }
  context.took('all was well', await timed(() => scene.canary.passes(limits.flowMs * 4 * slack), limits.flowMs * 4 * slack), limits.flowMs);
  const orphans = await lastOrphans(scene, slack);
  const isBroken = broken.length > 0 || orphans.length > 0 || measures.some(({ ms, most }) => ms === undefined || ms > most);
  return {
    row: row.id,
    at: Math.round((begun - startedAt) / 100) / 10,
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    measures,
    broken,
    notes,
    orphans,
    pass: !isBroken,
  };
}

/** Processes that nobody looks after any more; they are ended, so that they are counted once. */
async function lastOrphans(scene: Scene, slack: number): Promise<string[]> {
  await timed(() => scene.orphans().length === 0, limits.orphanMs * slack);
  const orphans = scene.orphans();
  const described = orphans.map(describeProcess);
  for (const pid of orphans) signal(pid, 'SIGKILL');
  return described;
}
