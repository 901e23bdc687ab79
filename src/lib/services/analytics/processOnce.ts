import { queuePlaces } from '../../../../queues/names.js';
import type { Config } from '../../../config/parseConfig.js';
import { configuredIngestion } from '../../../ingestion/createIngestion.js';
import { processWaiting } from '../../../processing/processWaiting.js';
import { connect } from '../../../redis/connect.js';
import type { ServiceLink } from './ServiceLink.js';

/**
 * Works off up to `batchSize` events, and as many samples, through the same functions as the sandboxed processors.
 *
 * @param signal lets go of Redis when aborted: a job that is not finished then runs again once its lock has expired
 */
export async function processOnce(
  config: Config,
  { keys, keyRing }: ServiceLink,
  signal: AbortSignal,
  onError: (error: Error) => void,
): Promise<void> {
  // The link came too late: nobody waits any more.
  if (signal.aborted) return;
  // BullMQ takes no connection for a worker that fails fast, so the signal does.
  const connection = connect(config, 'patient', 'analytics-service-processing', onError);
  const letGo = (): void => connection.disconnect();
  signal.addEventListener('abort', letGo, { once: true });
  try {
    const ingestion = configuredIngestion(config, { redis: connection, keys, keyRing });
    const places = queuePlaces(keys);
    const limit = config.ANALYTICS_BATCH_SIZE;
    await processWaiting({ place: places.events, connection, process: ingestion.events, limit, onError });
    await processWaiting({ place: places.metrics, connection, process: ingestion.metrics, limit, onError });
  } finally {
    signal.removeEventListener('abort', letGo);
    letGo();
  }
}
