import { startNaive } from '../naive/startNaive.js';
import { startOurs } from '../ours/startOurs.js';
import { forTime } from '../support/forTime.js';
import type { Pipeline } from '../support/Pipeline.js';
import type { Sent } from '../support/producer.js';
import { startRedis } from '../support/startRedis.js';
import { createRow } from './Row.js';
import type { Suite, SuiteContext } from './Suite.js';

/** Calls of 1,000 samples under way at a time: more makes neither of them faster. */
const IN_FLIGHT = 8;
const BATCH = 4096;
/** Making the samples counts as well; it takes about half of it. */
const WARM_UP_MS = 6000;
/** Samples of the warm-up are not those of the measurement. */
const YEAR_MS = 365 * 86_400_000;

/** Samples that one producer gets acknowledged in bulk, sealed and queued, against writing JSON into a sorted set. */
export const metricIngest: Suite = {
  ids: ['metric-ingest'],
  async run(context) {
    const rounds = { ours: [] as number[], peer: [] as number[], failed: 0 };
    for (let round = 1; round <= context.rounds; round += 1) {
      const ours = await runOurs(context);
      const peer = await runPeer(context);
      rounds.ours.push(perSecond(ours));
      rounds.peer.push(perSecond(peer));
      rounds.failed += ours.failed + peer.failed;
      context.say(`round ${round}  metric-ingest: ${Math.round(perSecond(ours))}/s, ZADD ${Math.round(perSecond(peer))}/s`);
    }
    return [
      createRow({
        id: 'metric-ingest',
        what: 'samples acknowledged in calls of 1,000 by one producer, sealed and queued, against ZADD of 1,000 JSON members',
        unit: 'samples/s',
        better: 'higher',
        ours: rounds.ours,
        peer: rounds.peer,
        target: 0.5,
        aim: 1,
        targetIs: 'least ratio',
        isSound: rounds.failed === 0,
        notes: [`failed ${rounds.failed}`],
      }),
    ];
  },
};

function perSecond({ acknowledged, startedUs, acknowledgedUs }: Sent): number {
  return acknowledged / ((acknowledgedUs - startedUs) / 1e6);
}

/** No worker runs, as none does for the peer: what is measured ends at the acknowledgement. */
async function runOurs(context: SuiteContext): Promise<Sent> {
  const redis = await startRedis();
  const pipeline = await startOurs(redis, { batchSize: BATCH, processingInterval: 0, roles: [] });
  try {
    return await sendAfterWarmUp(pipeline, context);
  } finally {
    await pipeline.close();
    await redis.stop();
  }
}

async function runPeer(context: SuiteContext): Promise<Sent> {
  const redis = await startRedis();
  const pipeline = await startNaive(redis, 0);
  try {
    return await sendAfterWarmUp(pipeline, context);
  } finally {
    await pipeline.close();
    await redis.stop();
  }
}

/** Warms up, then sends what is measured. */
async function sendAfterWarmUp({ producer }: Pipeline, { isQuick }: SuiteContext): Promise<Sent> {
  const endMs = Date.now();
  const count = isQuick ? 20_000 : 500_000;
  const slice = count / 10;
  let from = 0;
  await forTime(isQuick ? 0 : WARM_UP_MS, async () => {
    await producer.ask('prepareSamples', { from, count: slice, endMs: endMs - YEAR_MS });
    await producer.ask('sendSamples', { inFlight: IN_FLIGHT });
    from += slice;
  });
  await producer.ask('prepareSamples', { from: -count, count, endMs });
  return producer.ask('sendSamples', { inFlight: IN_FLIGHT });
}
