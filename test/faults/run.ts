import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../support/program.js';
import { Findings, findingKinds, type Finding, type FindingKind } from './check/Findings.js';
import { judge, settle } from './judge.js';
import { createRandom, type Random } from './random.js';
import type { FaultRow } from './rows/FaultRow.js';
import { createScene, type Scene } from './scene/Scene.js';
import { within } from './scene/within.js';
import { isMissed, strikeOnce, type StrikeReport } from './strike.js';

export interface RunOptions {
  readonly seed: number;
  /** How long faults strike; undefined: each row once, alone. */
  readonly minutes: number | undefined;
  readonly rows: readonly FaultRow[];
  /** Events a second. */
  readonly rate: number;
  /** Limits of time are multiplied by it: for a machine that has others to serve. */
  readonly slack: number;
  /** Ends the run early; what was done by then is judged. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** What `--json` writes. */
export interface FaultsReport extends Readonly<Record<FindingKind, number>> {
  readonly seed: number;
  /** undefined: each row struck once. */
  readonly minutes: number | undefined;
  /** Faults that struck. */
  readonly faults: number;
  /** Events whose client was told that they are tracked; samples apart. */
  readonly acknowledged: number;
  /** Events that are stored although no call was told so. */
  readonly recovered: number;
  readonly attempted: number;
  readonly stored: number;
  /** Events about to expire, which are not missed when they are gone. */
  readonly exempt: number;
  readonly samples: { readonly acknowledged: number; readonly recovered: number; readonly stored: number };
  readonly socketMessages: number;
  readonly slowestCallMs: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** Process → most lines that it logged within a second. */
  readonly logLines: Readonly<Record<string, number>>;
  /** Process → how it ended when nobody had asked it to; it was started again, as pm2 does. */
  readonly unasked: Readonly<Record<string, readonly string[]>>;
  /** Of each process that logged more than 10 lines within a second what it logged. */
  readonly loudest: Readonly<Record<string, readonly string[]>>;
  /** Of each kind that is not 0 the first ones. */
  readonly problems: Readonly<Partial<Record<FindingKind, readonly Finding[]>>>;
  readonly strikes: readonly StrikeReport[];
  readonly skipped: Readonly<Record<string, string>>;
  readonly pass: boolean;
}

/** Steady is a service that an event gets through in so long, three times running. */
const STEADY_MS = 1000;
const WARM_MS = 90_000;
/** More than all the waits in it together. */
const SETTLE_MS = 600_000;
/** A million events are judged in 2 minutes. */
const JUDGE_MS = 1_200_000;
/** How often two faults strike at once. */
const TOGETHER = 0.2;
/** What a process may log within a second, whatever happens to it. */
const LOG_LINES = 10;

export async function runFaults({ seed, minutes, rows, rate, slack, signal, say }: RunOptions): Promise<FaultsReport> {
  const random = createRandom(seed);
  const skipped = Object.fromEntries(rows.flatMap((row) => (row.unavailable?.() === undefined ? [] : [[row.id, row.unavailable()!]])));
  const usable = rows.filter(({ id }) => !(id in skipped));
  if (usable.length === 0) throw new Error(`None of these faults can be brought about here: ${Object.values(skipped).join(' ')}`);

  const scene = await createScene({ random, rate });
  try {
    await warmUp(scene);
    const startedAt = performance.now();
    const endAt = startedAt + (minutes ?? 0) * 60_000;
    const strikes: StrikeReport[] = [];
    const findings = new Findings();
    say(`${scene.workers.length} workers, ${scene.producers.length} producers, ${rate} events/s; Redis on port ${scene.redis.port}`);
    const round = random.shuffle(usable);
    do {
      const struck = minutes === undefined ? round.splice(0, 1) : takeRows(round, random);
      const report = await strikeOnce(struck, { scene, random, startedAt, slack });
      strikes.push(report);
      for (const orphan of report.orphans) findings.add('orphans', report.rows.join(' + '), `left behind: ${orphan}`);
      const left = minutes === undefined ? `${round.length} rows` : `${Math.max(0, Math.round((endAt - performance.now()) / 1000))} s`;
      const acknowledged = scene.producers.reduce((sum, producer) => sum + producer.acknowledged, 0);
      say(`${lineOf(report)} | ${acknowledged} acknowledged, ${left} left`);
      if (minutes !== undefined && round.length === 0) round.push(...random.shuffle(usable));
      await sleep(random.whole(100, 600));
    } while ((minutes === undefined ? round.length > 0 : performance.now() < endAt) && !signal.aborted);

    await within(SETTLE_MS * slack, 'To settle', settle(scene, findings, say));
    const { history, events, samples } = await within(JUDGE_MS * slack, 'To judge', judge(scene, findings, slack, say));
    const refusals = Object.fromEntries(history.refusals);
    return {
      seed,
      minutes,
      faults: strikes.reduce((sum, { rows: struck }) => sum + struck.length, 0),
      attempted: history.events.size,
      acknowledged: events.acknowledged,
      stored: events.stored,
      recovered: events.recovered,
      exempt: events.exempt,
      ...countsOf(findings),
      samples,
      socketMessages: scene.listeners.reduce((sum, { received }) => sum + received, 0),
      slowestCallMs: history.slowestCallMs,
      refusals,
      logLines: Object.fromEntries(scene.processes.map((each) => [each.name, each.lines.mostPerSecond])),
      unasked: Object.fromEntries(scene.processes.flatMap(({ name, unasked }) => (unasked.length > 0 ? [[name, unasked]] : []))),
      loudest: Object.fromEntries(scene.processes.flatMap(({ name, lines }) => (lines.mostPerSecond > LOG_LINES ? [[name, lines.worst]] : []))),
      problems: Object.fromEntries(findingKinds.flatMap((kind) => (findings.count(kind) === 0 ? [] : [[kind, findings.of(kind)]]))),
      strikes,
      skipped,
      pass: findings.isClean && strikes.every(({ pass }) => pass),
    };
  } finally {
    await scene.close();
  }
}

/** Twenty processes that start at once on two cores are busy with that for seconds: no fault is to be measured by it. */
async function warmUp({ canary }: Scene): Promise<void> {
  let steady = 0;
  const isSteady = async (): Promise<boolean> => {
    steady = (await canary.passes(STEADY_MS)) ? steady + 1 : 0;
    return steady === 3;
  };
  if (!(await until(isSteady, WARM_MS))) throw new Error(`The service did not get to work within ${WARM_MS / 1000} s.`);
}

/** The next row, and now and then with it another one that strikes other parts: faults do not wait for each other. */
function takeRows(round: FaultRow[], random: Random): FaultRow[] {
  const first = round.pop()!; // never called with none
  const place = round.findIndex(({ parts }) => !parts.some((part) => first.parts.includes(part)));
  if (place < 0 || !random.isLikely(TOGETHER)) return [first];
  return [first, ...round.splice(place, 1)];
}

function countsOf(findings: Findings): Record<FindingKind, number> {
  return Object.fromEntries(findingKinds.map((kind) => [kind, findings.count(kind)])) as Record<FindingKind, number>; // one for each
}

function lineOf(report: StrikeReport): string {
  const measures = report.measures.map((measure) => {
    const { what, ms, most } = measure;
    return `${what} ${ms === undefined ? 'never' : `in ${ms} ms`}${isMissed(measure) ? ` (at most ${most})` : ''}`;
  });
  const notes = Object.entries(report.notes).map(([what, value]) => `${what}: ${value}`);
  const verdict = report.pass ? 'ok  ' : 'FAIL';
  const orphans = report.orphans.map((orphan) => `left behind: ${orphan}`);
  return `${verdict} ${report.rows.join(' + ').padEnd(24)} ${[...measures, ...notes, ...report.broken, ...orphans].join('; ')}`;
}
