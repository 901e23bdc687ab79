import { EventPriority } from '../../src/contract/EventPriority.js';
import { startNaive } from '../naive/startNaive.js';
import { startOurs } from '../ours/startOurs.js';
import { awaitMarks, percentilesOf, type Percentiles } from '../support/measureLoneEvents.js';
import { awaitArrival, measureThroughput } from '../support/measureThroughput.js';
import type { Pipeline } from '../support/Pipeline.js';
import { startRedis, type BenchmarkRedis } from '../support/startRedis.js';
import { createRow } from './Row.js';
import type { Suite } from './Suite.js';

interface LoopSize {
  readonly producers: number;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly naiveConcurrency: number;
}

const SIZE: LoopSize = { producers: 10, eventsPerSecond: 5000, seconds: 60, naiveConcurrency: 8 };
/** Less than any machine can do: what is late on a busy one would look like lost. */
const QUICK_SIZE: LoopSize = { producers: 3, eventsPerSecond: 900, seconds: 2, naiveConcurrency: 2 };
const MOST_WAITING = 1000;
const SAMPLE_MS = 100;

interface Load {
  readonly critical: Percentiles;
  /** CRITICAL events of the watched user: sent, and arrived by the time the figures were taken. */
  readonly criticalSent: number;
  readonly criticalArrived: number;
  readonly mostWaiting: number;
  readonly sent: number;
  /** undefined when the end of the backlog was not awaited. */
  readonly missing: number | undefined;
}

/** A fixed rate from ten processes, whatever the answers take: shows whether the queue stays short. */
export const openLoop: Suite = {
  ids: ['open-loop'],
  async run({ isQuick, say }) {
    const size = isQuick ? QUICK_SIZE : SIZE;
    const { producers, eventsPerSecond, seconds, naiveConcurrency } = size;
    const ours = await runLoad((redis) => startOurs(redis, { batchSize: 100 }), size, true);
    say(`open loop: ${describe(ours)}`);
    // The naive one cannot follow: a sixth of the time shows how its backlog grows, without waiting for its end.
    const shorter = { ...size, seconds: Math.max(1, seconds / 6) };
    const peer = await runLoad((redis) => startNaive(redis, naiveConcurrency), shorter, false);
    say(`open loop, naive at ${naiveConcurrency}, a sixth of the time: ${describe(peer)}`);
    return [
      createRow({
        id: 'open-loop',
        what: `${eventsPerSecond} events/s from ${producers} producers for ${seconds} s: CRITICAL at a socket, p99`,
        unit: 'ms',
        better: 'lower',
        ours: [ours.critical.p99],
        peer: [peer.critical.p99],
        target: 250,
        targetIs: 'most',
        isSound: ours.mostWaiting < MOST_WAITING && ours.missing === 0,
        notes: [describe(ours), `naive at ${naiveConcurrency}, a sixth of the time: ${describe(peer)}`],
      }),
    ];
  },
};

function describe({ critical, criticalSent, criticalArrived, mostWaiting, sent, missing }: Load): string {
  return (
    `${sent} sent, missing ${missing ?? 'not known'}, at most ${mostWaiting} jobs waiting, ` +
    `CRITICAL p50 ${critical.p50.toFixed(1)} p99 ${critical.p99.toFixed(1)} ms (${criticalArrived} of ${criticalSent} arrived)`
  );
}

async function runLoad(
  start: (redis: BenchmarkRedis) => Promise<Pipeline>,
  { producers: count, eventsPerSecond, seconds }: LoopSize,
  isAwaited: boolean,
): Promise<Load> {
  const redis = await startRedis();
  const pipeline = await start(redis);
  try {
    const producers = [pipeline.producer, ...Array.from({ length: count - 1 }, () => pipeline.addProducer())];
    await Promise.all(producers.map((producer, seed) => producer.ask('prepare', { events: 5000, seed: seed + 1 })));
    await measureThroughput(pipeline, 500, 100);
    const before = { stored: await pipeline.storedEvents(), relayed: (await pipeline.client.ask('received', undefined)).count };

    let mostWaiting = 0;
    const sampling = setInterval(() => {
      void pipeline.waitingJobs().then((waiting) => (mostWaiting = Math.max(mostWaiting, waiting)));
    }, SAMPLE_MS);
    const order = { perSecond: eventsPerSecond / count, seconds };
    const sent = await Promise.all(producers.map((producer) => producer.ask('sendPaced', order)));
    clearInterval(sampling);

    const total = sent.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const watched = sent.reduce((sum, each) => sum + each.watched, 0);
    const failed = sent.reduce((sum, each) => sum + each.failed, 0);
    const wanted = { stored: before.stored + total, relayed: before.relayed + watched };
    const end = isAwaited ? await awaitArrival(pipeline, wanted) : undefined;
    const marks = sent.flatMap((each) => each.marks).filter(({ priority }) => priority === EventPriority.CRITICAL);
    const arrivals = await awaitMarks(pipeline, marks);
    const latencies = marks.flatMap(({ id, sentUs }) => {
      const at = arrivals[id];
      return at === undefined ? [] : [(at - sentUs) / 1000];
    });
    return {
      critical: percentilesOf(latencies),
      criticalSent: marks.length,
      criticalArrived: latencies.length,
      mostWaiting,
      sent: total,
      missing: end === undefined ? undefined : wanted.stored - end.stored + wanted.relayed - end.relayed + failed,
    };
  } finally {
    await pipeline.close();
    await redis.stop();
  }
}
