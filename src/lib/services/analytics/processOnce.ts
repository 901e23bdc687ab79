import { queuePlaces } from '../../../../queues/names.js';
import { retentionOf } from '../../../config/retention.js';
import type { Config } from '../../../config/parseConfig.js';
import { createIngestion } from '../../../ingestion/createIngestion.js';
import { processWaiting } from '../../../processing/processWaiting.js';
import { connect } from '../../../redis/connect.js';
import type { ServiceLink } from './ServiceLink.js';

/** Works off up to `batchSize` events, and as many samples, through the same functions as the sandboxed processors. */
export async function processOnce(config: Config, { keys, keyRing }: ServiceLink, onError: (error: Error) => void): Promise<void> {
  const connection = connect(config.REDIS_URL, 'patient', 'analytics-service-processing', onError);
  try {
    const ingestion = createIngestion({
      redis: connection,
      keys,
      keyRing,
      retentionDays: retentionOf(config),
      metricRetentionDays: config.ANALYTICS_RETENTION_DAYS,
    });
    const places = queuePlaces(keys);
    const limit = config.ANALYTICS_BATCH_SIZE;
    await processWaiting({ place: places.events, connection, process: ingestion.events, limit, onError });
    await processWaiting({ place: places.metrics, connection, process: ingestion.metrics, limit, onError });
  } finally {
    connection.disconnect();
  }
}
