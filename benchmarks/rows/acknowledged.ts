import { startNaive } from '../naive/startNaive.js';
import { startOurs, type OursOptions } from '../ours/startOurs.js';
import { forTime } from '../support/forTime.js';
import type { Pipeline } from '../support/Pipeline.js';
import { startRedis, type BenchmarkRedis } from '../support/startRedis.js';
import { createRow, type Row } from './Row.js';
import type { Suite, SuiteContext } from './Suite.js';

const rows = [
  { id: 'ack-40', callers: 40, target: 1 },
  { id: 'ack-1000', callers: 1000, target: 2.5 },
] as const;

/**
 * What one producer process gets acknowledged, against bare `queue.add`. No worker runs on either side, so
 * `processingInterval` is 0: otherwise ours would wait for the queue to get shorter, as it should.
 */
export const acknowledged: Suite = {
  ids: rows.map(({ id }) => id),
  async run(context) {
    const wanted = rows.filter(({ id }) => context.wanted.has(id));
    const figures = new Map(wanted.map(({ id }) => [id, { ours: [] as number[], peer: [] as number[], failed: 0 }]));
    for (let round = 1; round <= context.rounds; round += 1) {
      for (const { id, callers } of wanted) {
        const ours = await runOne((redis) => startOurs(redis, oursOptions), { callers, count: oursEvents(context), isQuick: context.isQuick });
        const peer = await runOne((redis) => startNaive(redis, 0), { callers, count: peerEvents(context), isQuick: context.isQuick });
        const figure = figures.get(id);
        figure?.ours.push(ours.perSecond);
        figure?.peer.push(peer.perSecond);
        if (figure) figure.failed += ours.failed;
        context.say(`round ${round}  ${id}: ${Math.round(ours.perSecond)}/s, queue.add ${Math.round(peer.perSecond)}/s`);
      }
    }
    return wanted.map(({ id, callers, target }): Row => {
      const { ours = [], peer = [], failed = 0 } = figures.get(id) ?? {};
      return createRow({
        id,
        what: `acknowledged by one producer with ${callers} callers, against as many queue.add`,
        unit: 'events/s',
        better: 'higher',
        ours,
        peer,
        target,
        targetIs: 'least ratio',
        isSound: failed === 0,
        notes: [`failed ${failed}`],
      });
    });
  },
};

const WARM_UP_MS = 3000;
const oursOptions: OursOptions = { batchSize: 100, processingInterval: 0, roles: [] };
const oursEvents = ({ isQuick }: SuiteContext) => (isQuick ? 2000 : 200_000);
const peerEvents = ({ isQuick }: SuiteContext) => (isQuick ? 2000 : 60_000);

async function runOne(
  start: (redis: BenchmarkRedis) => Promise<Pipeline>,
  { callers, count, isQuick }: { readonly callers: number; readonly count: number; readonly isQuick: boolean },
): Promise<{ perSecond: number; failed: number }> {
  const redis = await startRedis();
  const pipeline = await start(redis);
  try {
    await pipeline.producer.ask('prepare', { events: 20_000, seed: 1 });
    await forTime(isQuick ? 0 : WARM_UP_MS, () => pipeline.producer.ask('send', { count: count / 10, inFlight: callers }));
    const sent = await pipeline.producer.ask('send', { count, inFlight: callers });
    return { perSecond: sent.acknowledged / ((sent.acknowledgedUs - sent.startedUs) / 1e6), failed: sent.failed };
  } finally {
    await pipeline.close();
    await redis.stop();
  }
}
