import type { Redis } from 'ioredis';

import { parseConfig, type Config } from '../config/parseConfig.js';
import { createLogger, type Logger } from '../logging/createLogger.js';
import { connect } from '../redis/connect.js';
import { createKeys, type Keys } from '../redis/keys.js';
import type { KeyRing } from '../security/KeyRing.js';
import { loadKeyRing } from '../security/loadKeyRing.js';
import { createOverflowLog } from './createOverflowLog.js';
import { configuredIngestion, type Ingestion } from './createIngestion.js';

/** What a sandboxed processor works with. It lives as long as the child. */
export interface ProcessorContext {
  readonly config: Config;
  readonly logger: Logger;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  readonly ingestion: Ingestion;
}

let context: Promise<ProcessorContext> | undefined;

/** Made at the first job of a child. */
export function processorContext(): Promise<ProcessorContext> {
  context ??= createContext().catch((error: unknown) => {
    context = undefined;
    throw error;
  });
  return context;
}

async function createContext(): Promise<ProcessorContext> {
  const config = parseConfig();
  const logger = createLogger(config, 'processor');
  const keys = createKeys(config.REDIS_PREFIX);
  const keyRing = await loadKeyRing(config);
  const redis = connect(config.REDIS_URL, 'patient', 'analytics-processor', (error) => logger.warn('Redis connection failed', { error }));
  const ingestion = configuredIngestion(config, { redis, keys, keyRing, onOverflow: createOverflowLog(logger) });
  return { config, logger, redis, keys, keyRing, ingestion };
}
