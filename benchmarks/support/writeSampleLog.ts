import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sampleEvents } from '../data/events.js';

const REQUESTS = 10_000;
const EVERY_MS = 30_000;
const statuses = [200, 200, 200, 200, 200, 200, 200, 200, 304, 404];

/** Writes an access log of made-up requests to a temporary folder, for machines that have no real one at hand. */
export async function writeSampleLog(): Promise<{ file: string; remove: () => Promise<void> }> {
  const start = Date.UTC(2026, 0, 5);
  const lines = sampleEvents(REQUESTS, 7).map((event, index) => {
    const number = Number(event.userId.slice(-4));
    const time = new Date(start + index * EVERY_MS).toUTCString(); // Mon, 05 Jan 2026 00:00:00 GMT
    const [, day, month, year, clock] = time.split(' ');
    const path = `${String(event.properties['page'] ?? '/')}/${event.sessionId}`;
    return (
      `10.0.${number >> 8}.${number & 255} - - [${day}/${month}/${year}:${clock} +0000] "GET ${path} HTTP/1.1" ` +
      `${statuses[index % statuses.length]} ${(index * 7919) % 50_000} "-" "${String(event.metadata['agent'])}"`
    );
  });
  const folder = await mkdtemp(join(tmpdir(), 'analytics-bench-'));
  const file = join(folder, 'access.log');
  await writeFile(file, `${lines.join('\n')}\n`);
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}
