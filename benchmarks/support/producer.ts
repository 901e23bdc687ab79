import { setTimeout as sleep } from 'node:timers/promises';

import type { ReplayEvent } from '../../src/cli/createReplayRecords.js';
import { sampleEvents, watchedUser, type SampleEvent } from '../events.js';
import { nowUs } from './clock.js';
import { serveCommands } from './commands.js';
import { readLogEvents } from './readLogEvents.js';

export interface Sent {
  readonly startedUs: number;
  readonly acknowledgedUs: number;
  readonly acknowledged: number;
  readonly failed: number;
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
  /** Takes the events from an access log instead, as the replay does. @returns how many there are */
  prepareLog(input: { readonly file: string }): Promise<number>;
  /** Closed loop: `inFlight` callers, each tracking its next event once the last one was acknowledged. */
  send(input: { readonly count: number; readonly inFlight: number }): Promise<Sent>;
  /** Open loop: a fixed rate, whatever the answers take. */
  sendPaced(input: { readonly perSecond: number; readonly seconds: number }): Promise<Sent & { readonly marks: Mark[] }>;
  /** One event of the watched user at a time, with a pause in between. */
  sendLone(input: { readonly count: number; readonly pauseMs: number }): Promise<Mark[]>;
  close(input: undefined): Promise<void>;
};

/** What a producer sends: a sample event, or one of the replayed log. */
export type ProducedEvent = SampleEvent | ReplayEvent;

export interface Tracker {
  /** @returns the event's id, once Redis has acknowledged it */
  track(event: ProducedEvent): Promise<string>;
  close(): Promise<void>;
}

/** Everything of a producer process but the way in which it tracks: shared by all contestants. */
export function serveProducer(tracker: Tracker): void {
  let pool: readonly ProducedEvent[] = [];
  let next = 0;

  function take(): ProducedEvent {
    const event = pool[next % pool.length];
    next += 1;
    if (event === undefined) throw new Error('Call prepare first.');
    return event;
  }

  const commands: ProducerCommands = {
    async prepare({ events, seed }) {
      pool = sampleEvents(events, seed);
    },

    async prepareLog({ file }) {
      pool = await readLogEvents(file);
      return pool.length;
    },

    async send({ count, inFlight }) {
      const outcome = { acknowledged: 0, failed: 0, watched: 0 };
      let left = count;
      const startedUs = nowUs();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (left > 0) {
            left -= 1;
            const event = take();
            if (event.userId === watchedUser) outcome.watched += 1;
            await tracker.track(event).then(
              () => (outcome.acknowledged += 1),
              () => (outcome.failed += 1),
            );
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
