import { setTimeout as sleep } from 'node:timers/promises';

import type { Mark } from './producer.js';
import type { Pipeline } from './Pipeline.js';
import { percentile } from './spread.js';

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds from the call of `trackEvent`. */
export interface LoneLatency {
  readonly acknowledged: Percentiles;
  readonly socket: Percentiles;
  readonly missing: number;
}

const PAUSE_MS = 20;
const PATIENCE_MS = 5000;

/** Sends one event at a time through a pipeline that has nothing else to do. */
export async function measureLoneEvents(pipeline: Pipeline, count: number): Promise<LoneLatency> {
  const marks = await pipeline.producer.ask('sendLone', { count, pauseMs: PAUSE_MS });
  const arrivals = await awaitMarks(pipeline, marks);
  const toSocket = marks.flatMap(({ id, sentUs }) => {
    const at = arrivals[id];
    return at === undefined ? [] : [(at - sentUs) / 1000];
  });
  const acknowledged = marks.map(({ sentUs, acknowledgedUs }) => (acknowledgedUs - sentUs) / 1000);
  return {
    acknowledged: percentilesOf(acknowledged),
    socket: percentilesOf(toSocket),
    missing: count - toSocket.length,
  };
}

/** When each marked event was at the socket; waits 5 s for the last of them. */
export async function awaitMarks(pipeline: Pipeline, marks: readonly Mark[]): Promise<Record<string, number>> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const arrivals = await pipeline.client.ask('arrivals', undefined);
    if (marks.every(({ id }) => id in arrivals) || performance.now() > until) return arrivals;
    await sleep(50);
  }
}

export function percentilesOf(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 50), p99: percentile(values, 99) };
}
