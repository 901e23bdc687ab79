import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';
import { AnalyticsService } from '../../../src/lib/services/analytics/AnalyticsService.js';

// Reads all events of a type over and over, several times at once, as an application does whose memory is warm. Says of each
// read when it began and ended (ms since 1970), whose events it gave out, and how many of others.
const [type = '', userId = ''] = process.argv.slice(2);
const READERS = 4;

const service = new AnalyticsService();
let isOver = false;
process.once('SIGTERM', () => (isOver = true));

async function read(reader: number): Promise<void> {
  while (!isOver) {
    const began = Date.now();
    let theirs = 0;
    let others = 0;
    const see = (of: string | undefined): void => {
      if (of === userId) theirs += 1;
      else others += 1;
    };
    try {
      if (reader === 0) for await (const event of service.streamEvents({ type })) see(event.userId);
      else for (const event of await service.getEvents({ type, limit: 10_000 })) see(event.userId);
    } catch (error) {
      // Who stood still for so long that Redis' answers came too late is refused: nothing was given out.
      if (!(error instanceof AnalyticsError) || theirs + others > 0) throw error;
      process.stdout.write(`${JSON.stringify({ began, ended: Date.now(), refused: error.code })}\n`);
      continue;
    }
    process.stdout.write(`${JSON.stringify({ began, ended: Date.now(), theirs, others })}\n`);
  }
}

await Promise.all(Array.from({ length: READERS }, async (_, reader) => read(reader)));
await service.close();
