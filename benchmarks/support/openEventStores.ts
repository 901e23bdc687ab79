import { fillNaive } from '../naive/fillNaive.js';
import { timelineEvent } from '../data/timeline.js';
import { startOurs, type OursPipeline } from '../ours/startOurs.js';
import { cpuOf } from './cpuOf.js';
import { createProgress } from './progress.js';
import type { ReaderCommands } from './reader.js';
import { awaitStored } from './settle.js';
import { startChild, type Child } from './startChild.js';
import { startRedis } from './startRedis.js';

/** The same events in this service and in the naive store, each on a Redis of its own. */
export interface EventStores {
  /** A process that asks the service, and one that asks the naive store. */
  readonly ours: Child<ReaderCommands>;
  readonly naive: Child<ReaderCommands>;
  /**
   * Sends what is missing up to `count`, and merges it.
   * @returns CPU time, in µs, that workers and Redis took to store one of the last of them; and how many events are missing
   */
  growTo(count: number): Promise<{ readonly storeUs: number; readonly missing: number }>;
  close(): Promise<void>;
}

/** The largest batches there are: a store that took in a history is filled as fast as it can be. */
const HISTORY_BATCH = 4096;
/** Enough for full batches in all four lanes. */
const HISTORY_IN_FLIGHT = 8 * HISTORY_BATCH;
/** The newest events come in as they would in life: batches of the default size, in an hour that is not merged yet. */
const RECENT_BATCH = 100;
const RECENT_EVENTS = 4000;
const RECENT_IN_FLIGHT = 1000;
const SLICE = 50_000;
/** The last of what is sent, once all before it is stored: what one more event costs a store of that size. */
const TIMED_EVENTS = 100_000;

export async function openEventStores(say: (line: string) => void): Promise<EventStores> {
  // One end for all sizes: a larger store has a longer past, and the newest events stay what they are.
  const endMs = Date.now();
  const [redis, naiveRedis] = await Promise.all([startRedis(), startRedis({ isAppending: false })]);
  const pipeline = await startOurs(redis, { batchSize: HISTORY_BATCH, roles: ['processing'], deadlineMs: 60_000 });
  const recent = pipeline.addProducer({ batchSize: RECENT_BATCH });
  const ours = pipeline.addReader();
  const naive = startChild<ReaderCommands>(new URL('../naive/reader.js', import.meta.url), { REDIS_URL: naiveRedis.url });
  let stored = 0;

  return {
    ours,
    naive,
    async growTo(count) {
      const awaitAll = (wanted: number) => awaitStored('stored', wanted, () => pipeline.storedEvents(), say);
      const tail = stored === 0 ? Math.min(RECENT_EVENTS, count / 4) : 0;
      if (tail > 0) {
        await recent.ask('prepareTimeline', { from: tail - 1, endMs });
        await recent.ask('send', { count: tail, inFlight: RECENT_IN_FLIGHT });
      }
      const timed = Math.min(TIMED_EVENTS, (count - stored) / 4);
      await pipeline.producer.ask('prepareTimeline', { from: count - 1, endMs });
      await sendHistory(pipeline, count - stored - tail - timed, say);
      await awaitAll(count - timed);
      const before = await storingSeconds(pipeline);
      await sendHistory(pipeline, timed, say);
      const missing = await awaitAll(count);
      const storeUs = (((await storingSeconds(pipeline)) - before) * 1e6) / timed;
      await ours.ask('merge', undefined);

      let next = count - 1;
      await fillNaive(naiveRedis.client, count - stored, () => timelineEvent(next--, endMs), say);
      stored = count;
      return { storeUs, missing };
    },
    async close() {
      await naive.ask('close', undefined);
      await naive.stop();
      await pipeline.close();
      await Promise.all([redis.stop(), naiveRedis.stop()]);
    },
  };
}

/** CPU time of what stores. The producer's is left out: it does not meet what is stored already. */
async function storingSeconds({ processes: { producer: _producer, client: _client, ...storing } }: OursPipeline): Promise<number> {
  return Object.values(await cpuOf(storing)).reduce((sum, seconds) => sum + seconds, 0);
}

async function sendHistory({ producer }: OursPipeline, count: number, say: (line: string) => void): Promise<void> {
  const progress = createProgress('acknowledged', count, say);
  for (let sent = 0; sent < count; ) {
    const slice = Math.min(SLICE, count - sent);
    const { failed, reason } = await producer.ask('send', { count: slice, inFlight: HISTORY_IN_FLIGHT });
    if (failed > 0) throw new Error(`${failed} events failed while the store was filled: ${reason}`);
    progress((sent += slice));
  }
}
