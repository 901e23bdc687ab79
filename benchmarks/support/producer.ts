import { setTimeout as sleep } from 'node:timers/promises';

import type { ReplayEvent } from '../../src/cli/createReplayRecords.js';
import { sampleEvents, watchedUser, type SampleEvent } from '../data/events.js';
import { metricSample, type MetricSample } from '../data/metricSample.js';
import { timelineEvent } from '../data/timeline.js';
import { nowUs } from './clock.js';
import { serveCommands } from './commands.js';
import { readLogEvents, type RepeatOptions } from './readLogEvents.js';

export interface Sent {
  readonly startedUs: number;
  readonly acknowledgedUs: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** What the first one that failed was told. */
  readonly reason?: string | undefined;
  /** How many of them the watched user's socket has to receive. */
  readonly watched: number;
}

/** One event of the watched user: its id, and when it was tracked. */
export interface Mark {
  readonly id: string;
  readonly priority: string;
  readonly sentUs: number;
  readonly acknowledgedUs: number;
}

/** `type`, not `interface`: it has to fit the index of `Commands`. */
export type ProducerCommands = {
  /** Makes the events beforehand, so that making them is no part of any figure. */
  prepare(input: { readonly events: number; readonly seed: number }): Promise<void>;
  /** Takes the events of an access log instead, again and again. */
  prepareLog(input: RepeatOptions & { readonly file: string }): Promise<void>;
  /** Takes the events of the timeline, from that place on towards the newest. */
  prepareTimeline(input: { readonly from: number; readonly endMs: number }): Promise<void>;
  /** Closed loop: `inFlight` callers, each tracking its next event once the last one was acknowledged. */
  send(input: { readonly count: number; readonly inFlight: number }): Promise<Sent>;
  /** Open loop: a fixed rate, whatever the answers take. */
  sendPaced(input: { readonly perSecond: number; readonly seconds: number }): Promise<Sent & { readonly marks: Mark[] }>;
  /** One event of the watched user at a time, with a pause in between. */
  sendLone(input: { readonly count: number; readonly pauseMs: number }): Promise<Mark[]>;
  /** Makes the samples from that place on, in calls of 1,000. */
  prepareSamples(input: SampleOrder): Promise<void>;
  /** Sends what `prepareSamples` made. Closed loop: so many calls are under way at any time. */
  sendSamples(input: { readonly inFlight: number }): Promise<Sent>;
  close(input: undefined): Promise<void>;
};

export interface SampleOrder {
  readonly from: number;
  readonly count: number;
  readonly endMs: number;
}

const SAMPLES_PER_CALL = 1000;

/** What a producer sends: a sample event, one of the timeline, or one of the replayed log. */
export type ProducedEvent = SampleEvent | ReplayEvent;

export interface Tracker {
  /** @returns the event's id, once Redis has acknowledged it */
  track(event: ProducedEvent): Promise<string>;
  /** @returns how many of them Redis has acknowledged */
  trackSamples(samples: readonly MetricSample[]): Promise<number>;
  close(): Promise<void>;
}

/** Everything of a producer process but the way in which it tracks: shared by all contestants. */
export function serveProducer(tracker: Tracker): void {
  let pool: readonly SampleEvent[] = [];
  let calls: MetricSample[][] = [];
  let take = (): ProducedEvent => {
    throw new Error('Call one of the prepare commands first.');
  };

  const commands: ProducerCommands = {
    async prepare({ events, seed }) {
      pool = sampleEvents(events, seed);
      let next = 0;
      take = () => pool[next++ % pool.length]!; // it holds `events` of them
    },

    async prepareLog({ file, ...options }) {
      const log = await readLogEvents(file, options);
      let next = 0;
      take = () => log.at(next++);
    },

    async prepareTimeline({ from, endMs }) {
      let next = from;
      take = () => timelineEvent(next--, endMs);
    },

    async send({ count, inFlight }) {
      const outcome = { acknowledged: 0, failed: 0, watched: 0, reason: undefined as string | undefined };
      let left = count;
      const startedUs = nowUs();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (left > 0) {
            left -= 1;
            const event = take();
            if (event.userId === watchedUser) outcome.watched += 1;
            try {
              await tracker.track(event);
              outcome.acknowledged += 1;
            } catch (error) {
              outcome.failed += 1;
              outcome.reason ??= String(error);
            }
          }
        }),
      );
      return { startedUs, acknowledgedUs: nowUs(), ...outcome };
    },

    async sendPaced({ perSecond, seconds }) {
      const outcome = { acknowledged: 0, failed: 0, watched: 0 };
      const marks: Mark[] = [];
      const open = new Set<Promise<void>>();
      const startedUs = nowUs();
      const count = perSecond * seconds;
      for (let sent = 0; sent < count; ) {
        const due = Math.min(count, Math.ceil(((nowUs() - startedUs) / 1e6) * perSecond));
        for (; sent < due; sent += 1) {
          const call = trackOne(take(), outcome, marks).finally(() => open.delete(call));
          open.add(call);
        }
        await sleep(1);
      }
      await Promise.all(open);
      return { startedUs, acknowledgedUs: nowUs(), ...outcome, marks };
    },

    async sendLone({ count, pauseMs }) {
      const [event] = pool.filter(({ userId }) => userId === watchedUser);
      if (event === undefined) throw new Error('Prepare more events: none of them is the watched user’s.');
      const marks: Mark[] = [];
      const outcome = { acknowledged: 0, failed: 0, watched: 0 };
      for (let sent = 0; sent < count; sent += 1) {
        await trackOne(event, outcome, marks);
        await sleep(pauseMs);
      }
      return marks;
    },

    async prepareSamples({ from, count, endMs }) {
      calls = Array.from({ length: count / SAMPLES_PER_CALL }, (_, call) =>
        Array.from({ length: SAMPLES_PER_CALL }, (_sample, place) => metricSample(from + call * SAMPLES_PER_CALL + place, endMs)),
      );
    },

    async sendSamples({ inFlight }) {
      let next = 0;
      let acknowledged = 0;
      const startedUs = nowUs();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          for (let call = calls[next++]; call !== undefined; call = calls[next++]) {
            const taken = await tracker.trackSamples(call);
            acknowledged += taken;
          }
        }),
      );
      const failed = calls.length * SAMPLES_PER_CALL - acknowledged;
      return { startedUs, acknowledgedUs: nowUs(), acknowledged, failed, watched: 0 };
    },

    close: () => tracker.close(),
  };
  serveCommands(commands);

  async function trackOne(
    event: ProducedEvent,
    outcome: { acknowledged: number; failed: number; watched: number },
    marks: Mark[],
  ): Promise<void> {
    const sentUs = nowUs();
    try {
      const id = await tracker.track(event);
      outcome.acknowledged += 1;
      if (event.userId !== watchedUser) return;
      outcome.watched += 1;
      marks.push({ id, priority: event.priority, sentUs, acknowledgedUs: nowUs() });
    } catch {
      outcome.failed += 1;
    }
  }
}
