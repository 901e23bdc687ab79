import { Queue } from 'bullmq';

import { EventType } from '../../src/contract/EventType.js';
import { watchedUser } from '../data/events.js';
import type { Pipeline } from '../support/Pipeline.js';
import type { ProducerCommands } from '../support/producer.js';
import type { ClientCommands } from '../support/socketClient.js';
import { producerFlags } from '../support/producerFlags.js';
import { startChild, type Child } from '../support/startChild.js';
import { freePort, type BenchmarkRedis } from '../support/startRedis.js';
import { naiveNames } from './naiveNames.js';

/**
 * One sandboxed BullMQ job per event, in clear text: what a careful person would write from the documentation of BullMQ.
 *
 * @param concurrency jobs at once, which is also the number of sandbox processes; 0 for a producer alone
 */
export async function startNaive(redis: BenchmarkRedis, concurrency: number): Promise<Pipeline> {
  const port = await freePort();
  const env = { REDIS_URL: redis.url, ANALYTICS_WS_PORT: String(port), NAIVE_CONCURRENCY: String(concurrency) };
  const at = (file: string) => new URL(file, import.meta.url);

  const roles = concurrency === 0 ? [] : ['worker', 'broadcaster'].map((role) => startChild(at(`./${role}.js`), env));
  const client = startChild<ClientCommands>(at('../support/socketClient.js'), env);
  const producers: Child<ProducerCommands>[] = [];
  const producer = addProducer();
  const queue = new Queue(naiveNames.queue, { connection: { url: redis.url, maxRetriesPerRequest: null, protocol: 2 } });
  if (concurrency > 0) await client.ask('connect', { url: `ws://127.0.0.1:${port}`, userId: watchedUser });
  const [worker, broadcaster] = roles;

  function addProducer(): Child<ProducerCommands> {
    const added = startChild<ProducerCommands>(at('./producer.js'), env, producerFlags);
    producers.push(added);
    return added;
  }

  return {
    name: `naive at ${concurrency}`,
    producer,
    addProducer,
    client,
    processes: {
      producer: producer.pid,
      ...(worker && broadcaster && { worker: worker.pid, broadcaster: broadcaster.pid }),
      client: client.pid,
      redis: redis.pid,
    },
    async storedEvents() {
      const counts = await Promise.all(Object.values(EventType).map((type) => redis.client.hlen(naiveNames.events(type))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async waitingJobs() {
      const counts = await queue.getJobCounts('waiting', 'prioritized');
      return (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0);
    },
    async close() {
      await Promise.all(producers.map((each) => each.ask('close', undefined)));
      await Promise.all([...producers, client, ...roles].map((child) => child.stop()));
      await queue.close();
    },
  };
}
