import { limits } from '../contract/limits.js';
import type { Metric } from '../contract/metric.js';
import type { ActorService } from '../lib/services/analytics/ActorService.js';
import { membersOf } from './membersOf.js';

/** Samples of one answer: without a limit the service gives all there are, which one document cannot hold. */
const MOST_SAMPLES = limits.pageSize;

/** As `getMetrics`, at most 10,000 samples, and whether there were more. */
export async function readSamples(actor: ActorService, body: unknown): Promise<{ readonly samples: Metric[]; readonly more: boolean }> {
  const given = membersOf(body);
  const { limit } = given;
  const isCut = limit === undefined || (typeof limit === 'number' && limit > MOST_SAMPLES);
  const options = isCut ? { ...given, limit: MOST_SAMPLES + 1 } : given;
  const samples = await actor.getMetrics(options as never); // it checks them itself
  const more = samples.length > MOST_SAMPLES;
  return { samples: more ? samples.slice(0, MOST_SAMPLES) : samples, more };
}
