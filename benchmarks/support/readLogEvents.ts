import { createReplayRecords, type ReplayEvent } from '../../src/cli/createReplayRecords.js';
import { readAccessLog } from '../../src/cli/readAccessLog.js';

/** The events that a replay of `file` sends, its times moved so that the last request is now. */
export async function readLogEvents(file: string): Promise<ReplayEvent[]> {
  const { requests } = await readAccessLog(file);
  const latest = requests.reduce((most, { timeMs }) => Math.max(most, timeMs), 0);
  return requests.map(createReplayRecords(Date.now() - latest)).flatMap(({ events }) => events);
}
