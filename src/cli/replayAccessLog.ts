import { setTimeout as sleep } from 'node:timers/promises';

import { EventType } from '../contract/EventType.js';
import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import { awaitStorage, type StorageEnd } from './awaitStorage.js';
import { compareEvents, type EventComparison } from './compareEvents.js';
import { compareSamples, readSamples } from './compareSamples.js';
import { createReplayRecords, type ReplayEvent, type ReplayRecords } from './createReplayRecords.js';
import type { AccessLogRequest } from './parseAccessLogLine.js';
import { sendReplay } from './sendReplay.js';
import type { PipelineWatch } from './watchPipeline.js';

/** Event types that a replay sends. */
export const replayTypes = [EventType.PAGE_VIEW, EventType.ERROR] as const;

export interface ReplayOptions {
  /** Requests a second; Infinity for as fast as possible. */
  readonly perSecond: number;
  /** Leaves the times as they are; otherwise they are moved so that the last request is now. */
  readonly keepTimes: boolean;
}

/** What the replay tells while it runs. */
export interface ReplayListener {
  readonly onPhase: (phase: 'sending' | 'storing' | 'comparing', total: number) => void;
  readonly onProgress: (done: number) => void;
  readonly onNoWorker: () => void;
}

export interface ReplayReport {
  /** Events that were acknowledged, or may have been. */
  readonly sent: number;
  /** Calls that were refused: error code → calls. */
  readonly refused: ReadonlyMap<string, number>;
  readonly events: EventComparison;
  readonly samples: { readonly sent: number; readonly stored: number; readonly duplicates: number; readonly missing: number };
  /** From the first call until the last event was stored. */
  readonly seconds: number;
  readonly end: StorageEnd;
  readonly failedJobs: number;
}

/** What is missing is looked for again: the work of others may have hidden that ours was not done. */
const LOOKS = 3;
const LOOK_AGAIN_MS = 2000;

/** Tracks each request, waits until all of it is stored, reads it back and compares. */
export async function replayAccessLog(
  service: Pick<AnalyticsService, 'trackEvent' | 'trackMetric' | 'flush' | 'getEvents' | 'getMetrics'>,
  watch: PipelineWatch,
  requests: readonly AccessLogRequest[],
  asStored: (event: ReplayEvent) => ReplayEvent,
  options: ReplayOptions,
  listener: ReplayListener,
): Promise<ReplayReport> {
  const records = recordsOf(requests, options.keepTimes ? 0 : Date.now() - latestOf(requests));
  const samplesBefore = await readSamples(service, records.map(({ sample }) => sample));

  listener.onPhase('sending', records.length);
  const started = performance.now();
  const sent = await sendReplay(service, records, { perSecond: options.perSecond, onProgress: listener.onProgress });
  await service.flush();

  listener.onPhase('storing', sent.events.size);
  const end = await awaitStorage(watch, sent.events.size, listener);
  const seconds = (performance.now() - started) / 1000;

  listener.onPhase('comparing', sent.events.size);
  let events = await compareEvents(service, sent.events, asStored);
  for (let look = 1; look < LOOKS && events.missing.length > 0 && end === 'done'; look += 1) {
    await sleep(LOOK_AGAIN_MS);
    events = await compareEvents(service, sent.events, asStored);
  }
  const samplesAfter = await readSamples(service, sent.samples);
  return {
    sent: sent.events.size,
    refused: sent.refused,
    events,
    samples: { sent: sent.samples.length, ...compareSamples(sent.samples, samplesBefore, samplesAfter) },
    seconds,
    end,
    failedJobs: (await watch.read()).failed,
  };
}

function recordsOf(requests: readonly AccessLogRequest[], shiftMs: number): readonly ReplayRecords[] {
  return requests.map(createReplayRecords(shiftMs));
}

function latestOf(requests: readonly AccessLogRequest[]): number {
  return requests.reduce((latest, { timeMs }) => Math.max(latest, timeMs), 0);
}
