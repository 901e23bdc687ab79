import { existsSync } from 'node:fs';

import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';
import { AnalyticsService } from '../../../src/lib/services/analytics/AnalyticsService.js';

// Reads all events of a type over and over, several times at once, as an application does whose memory is warm; one reader streams
// those up to a time, which have to be one page: what the service has handed over by then is the application's. Says of each read
// when it began and when it handed over (ms since 1970), whose events those were, and how many of others. While there is a certain file
// it comes on by one turn of its loop every 1.5 s, as on a machine that has far too much to do.
const [type = '', userId = '', streamsUpTo = '', standsFile = ''] = process.argv.slice(2);
/** Shorter than what Redis' answers are waited for. */
const STANDS_MS = 1500;
const LOOKS_MS = 20;
const READERS = 4;

const service = new AnalyticsService();
let isOver = false;
process.once('SIGTERM', () => (isOver = true));

async function read(reader: number): Promise<void> {
  while (!isOver) {
    const began = Date.now();
    const isStream = reader === 0;
    let ended: number | undefined;
    let refused: string | undefined;
    let theirs = 0;
    let others = 0;
    const see = (of: string | undefined): void => {
      ended ??= Date.now();
      if (of === userId) theirs += 1;
      else others += 1;
    };
    try {
      if (isStream) for await (const event of service.streamEvents({ type, endTime: Number(streamsUpTo) })) see(event.userId);
      else for (const event of await service.getEvents({ type, limit: 10_000 })) see(event.userId);
    } catch (error) {
      // Who stood still for so long that Redis' answers came too late is refused; a stream may have handed over a page before.
      if (!(error instanceof AnalyticsError)) throw error;
      refused = error.code;
    }
    process.stdout.write(`${JSON.stringify({ isStream, began, ended: ended ?? Date.now(), theirs, others, refused })}\n`);
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));
function stand(): void {
  if (isOver) return;
  if (existsSync(standsFile)) {
    Atomics.wait(nobody, 0, 0, STANDS_MS);
    setImmediate(stand);
  } else setTimeout(stand, LOOKS_MS);
}
stand();

await Promise.all(Array.from({ length: READERS }, async (_, reader) => read(reader)));
await service.close();
