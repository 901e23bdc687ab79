import { setTimeout as sleep } from 'node:timers/promises';

import type { FaultRow, Strike } from './rows/FaultRow.js';
import { limits } from './rows/limits.js';
import type { Random } from './random.js';
import { signal } from './scene/freezeJobs.js';
import { describeProcess } from './scene/processTree.js';
import type { Scene } from './scene/Scene.js';
import { timed } from './scene/timed.js';
import { within } from './scene/within.js';

const MOST_MS = 180_000;

export interface Measure {
  readonly what: string;
  /** ms; undefined when it did not happen while it was waited for. */
  readonly ms: number | undefined;
  /** undefined: nothing is promised, since another fault struck meanwhile. */
  readonly most: number | undefined;
}

/** What came of one strike. */
export interface StrikeReport {
  /** The rows that struck at once: one, or two of different parts. */
  readonly rows: readonly string[];
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

export function isMissed({ ms, most }: Measure): boolean {
  return most !== undefined && (ms === undefined || ms > most);
}

/** Strikes once, with one fault or several, and waits until the service is at work again and nothing is left behind. */
export async function strikeOnce(rows: readonly FaultRow[], { scene, random, startedAt, slack }: StrikeOptions): Promise<StrikeReport> {
  const measures: Measure[] = [];
  const broken: string[] = [];
  const notes: Record<string, number | string> = {};
  const begun = performance.now();
  const took = (what: string, ms: number | undefined, most: number | undefined): void => {
    measures.push({ what, ms: ms === undefined ? undefined : Math.round(ms), most: most === undefined ? undefined : most * slack });
  };
  const note = (what: string, value: number | string): void => void (notes[what] = value);
  const isAlone = rows.length === 1;
  const context: Strike = {
    scene,
    random,
    last: (ms) => sleep(ms),
    took: (what, ms, most) => took(what, ms, isAlone ? most : undefined),
    held: (what, isSo) => {
      if (isSo) return;
      if (isAlone) broken.push(what);
      else note(what, 'no');
    },
    note,
  };
  // A row that hangs leaves the scene in a state that no other row was made for: it ends the run.
  const outcomes = await within(MOST_MS * slack, rows.map(({ id }) => id).join(' + '), Promise.allSettled(rows.map((row) => row.run(context))));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') broken.push(outcome.reason instanceof Error ? outcome.reason.message : 'the row failed');
  }
  took('all was well', await timed(() => scene.canary.passes(limits.flowMs * 4 * slack), limits.flowMs * 4 * slack), limits.flowMs);
  const orphans = await lastOrphans(scene, slack);
  return {
    rows: rows.map(({ id }) => id),
    at: Math.round((begun - startedAt) / 100) / 10,
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    measures,
    broken,
    notes,
    orphans,
    pass: broken.length === 0 && orphans.length === 0 && !measures.some(isMissed),
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
