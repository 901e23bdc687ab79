import { setTimeout as sleep } from 'node:timers/promises';

import { nowUs } from './clock.js';
import { cpuOf } from './cpuOf.js';
import type { Pipeline } from './Pipeline.js';

export interface Throughput {
  /** Events a second from the first call until the last one was stored and the last one of the watched user relayed. */
  readonly perSecond: number;
  /** Events a second that the producer saw acknowledged. */
  readonly acknowledgedPerSecond: number;
  readonly stored: number;
  readonly relayed: number;
  /** Events that did not arrive where they had to: in the store or at the socket. */
  readonly missing: number;
  /** CPU time of each role, in µs an event. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** How long nothing may arrive before what is missing counts as lost. */
const PATIENCE_MS = 15_000;

/** Sends `count` events and waits until all of them are stored and relayed. */
export async function measureThroughput(pipeline: Pipeline, count: number, inFlight: number): Promise<Throughput> {
  const before = await progressOf(pipeline);
  const cpuBefore = await cpuOf(pipeline.processes);
  const sent = await pipeline.producer.ask('send', { count, inFlight });
  const wanted = { stored: before.stored + sent.acknowledged, relayed: before.relayed + sent.watched };
  const end = await awaitArrival(pipeline, wanted);
  const cpuAfter = await cpuOf(pipeline.processes);

  const seconds = (end.atUs - sent.startedUs) / 1e6;
  const stored = end.stored - before.stored;
  const relayed = end.relayed - before.relayed;
  return {
    perSecond: stored / seconds,
    acknowledgedPerSecond: sent.acknowledged / ((sent.acknowledgedUs - sent.startedUs) / 1e6),
    stored,
    relayed,
    missing: sent.acknowledged - stored + (sent.watched - relayed) + sent.failed,
    cpuUs: Object.fromEntries(
      Object.entries(cpuAfter).map(([role, used]) => [role, ((used - (cpuBefore[role] ?? 0)) * 1e6) / count]),
    ),
  };
}

interface Arrived {
  readonly stored: number;
  readonly relayed: number;
  /** When the last of them arrived. */
  readonly atUs: number;
}

/** Waits until `wanted` has arrived, or until nothing has for 15 s. */
export async function awaitArrival(
  pipeline: Pipeline,
  wanted: { readonly stored: number; readonly relayed: number },
): Promise<Arrived> {
  let last = await progressOf(pipeline);
  let storedUs = nowUs();
  let changedUs = storedUs;
  while (last.stored < wanted.stored || last.relayed < wanted.relayed) {
    await sleep(5);
    const now = await progressOf(pipeline);
    if (now.stored !== last.stored) storedUs = nowUs();
    if (now.stored !== last.stored || now.relayed !== last.relayed) changedUs = nowUs();
    last = now;
    if (nowUs() - changedUs > PATIENCE_MS * 1000) break;
  }
  return { stored: last.stored, relayed: last.relayed, atUs: Math.max(storedUs, last.lastUs) };
}

async function progressOf(pipeline: Pipeline): Promise<{ stored: number; relayed: number; lastUs: number }> {
  const [stored, received] = await Promise.all([pipeline.storedEvents(), pipeline.client.ask('received', undefined)]);
  return { stored, relayed: received.count, lastUs: received.lastUs };
}
