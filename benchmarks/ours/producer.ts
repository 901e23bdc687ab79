/** A producer's process: `trackEvent` for each event, as an application calls it. */
import { AnalyticsService } from '../../src/index.js';
import { serveProducer } from '../support/producer.js';

const service = new AnalyticsService({
  batchSize: Number(process.env['BENCH_BATCH_SIZE']),
  processingInterval: Number(process.env['BENCH_PROCESSING_INTERVAL']),
});

serveProducer({
  track: (event) => service.trackEvent(event),
  async trackSamples(samples) {
    const results = await service.trackMetrics(samples);
    return results.filter(({ ok }) => ok).length;
  },
  close: async () => void (await service.close({ timeoutMs: 30_000 })),
});
