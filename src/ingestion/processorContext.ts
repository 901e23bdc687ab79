import { parseConfig, type Config } from '../config/parseConfig.js';
import { createLogger, type Logger } from '../logging/createLogger.js';
import { connect } from '../redis/connect.js';
import { keysOf, type Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing } from '../security/KeyRing.js';
import { loadKeyRing } from '../security/loadKeyRing.js';
import { createOverflowLog } from './createOverflowLog.js';
import { configuredIngestion, type Ingestion } from './createIngestion.js';

/** What a sandboxed processor works with. It lives as long as the child. */
export interface ProcessorContext {
  readonly config: Config;
  readonly logger: Logger;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  readonly ingestion: Ingestion;
}

/** One line, and the report of what was left out. */
const CHILD_LINES_PER_SECOND = 2;

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
  // A worker has many children, which all meet the same outage; it tells of it itself.
  const logger = createLogger(config, 'processor', CHILD_LINES_PER_SECOND);
  const keys = keysOf(config);
  const keyRing = await loadKeyRing(config);
  const redis = connect(config, 'patient', 'analytics-processor', (error) => logger.warn('Redis connection failed', { error }));
  const ingestion = configuredIngestion(config, { redis, keys, keyRing, onOverflow: createOverflowLog(logger) });
  return { config, logger, redis, keys, keyRing, ingestion };
}
