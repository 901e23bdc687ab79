import type { Config } from '../../../config/parseConfig.js';
import { collectStats } from '../../../monitoring/collectStats.js';
import type { Stats } from '../../../monitoring/Stats.js';
import type { ProducerStats } from '../../../producer/ProducerStats.js';
import type { ServiceLink } from './ServiceLink.js';

/** `producer` is what this service itself sends; the rest is everybody's. */
export interface ServiceStats extends Stats {
  readonly producer: ProducerStats;
}

const MOST_MS = 2000;

/** Answers within half of a call's deadline, so that what is known without Redis is told while it does not answer. */
export async function readServiceStats(config: Config, link: ServiceLink): Promise<ServiceStats> {
  const { redis, keys, queues } = link;
  const answerMs = Math.min(MOST_MS, config.ANALYTICS_DEADLINE_MS / 2);
  return { ...(await collectStats({ config, redis, keys, queues, answerMs })), producer: link.producerStats() };
}
