import type { Child } from './startChild.js';
import type { ProducerCommands } from './producer.js';
import type { ClientCommands } from './socketClient.js';

/** A pipeline that is up: a producer, workers, a broadcaster and a socket client, each a process of its own. */
export interface Pipeline {
  readonly name: string;
  readonly producer: Child<ProducerCommands>;
  /** One more producer process; the pipeline ends it. */
  addProducer(): Child<ProducerCommands>;
  readonly client: Child<ClientCommands>;
  /** Process ids by role; the sandboxes' children count with `worker`. */
  readonly processes: Readonly<Record<string, number>>;
  /** Events that can be read back from the store. */
  storedEvents(): Promise<number>;
  /** Jobs that nobody has taken up yet. */
  waitingJobs(): Promise<number>;
  close(): Promise<void>;
}
