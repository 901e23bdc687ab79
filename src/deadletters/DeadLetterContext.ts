import type { Queue } from 'bullmq';

import type { QueueTitle } from '../../queues/names.js';
import type { Logger } from '../logging/createLogger.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing } from '../security/KeyRing.js';

export interface DeadLetterContext {
  /** The connection that the queues were made over. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  readonly keyRing: KeyRing;
  /** Told who opened, retried or dropped what, and never what was in it. */
  readonly logger: Pick<Logger, 'info'>;
  /** ms that retrying or dropping many may take in one call; what is left then has a cursor. Default: as long as it takes. */
  readonly budgetMs?: number;
}
