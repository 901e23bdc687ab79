import { Command, InvalidArgumentError } from 'commander';

import { parseConfig } from '../config/parseConfig.js';
import { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import type { AccessLogRequest } from './parseAccessLogLine.js';
import { createProgress } from './createProgress.js';
import { formatReplayReport, isComplete } from './formatReplayReport.js';
import { guardReplayEvent } from './guardReplayEvent.js';
import { readAccessLog } from './readAccessLog.js';
import { replayAccessLog, replayTypes } from './replayAccessLog.js';
import { watchPipeline } from './watchPipeline.js';

const DAY_MS = 24 * 60 * 60_000;

const HELP = `
Each request becomes a page_view of the user that the client's address stands for, and its bytes a sample of the metric
http_response_bytes; a status of 400 or above also becomes an error, which counts as sent too. Sign in at the WebSocket
as one of the addresses to watch its events arrive. Every run sends new events: nothing of an earlier run is replaced.

Reads from the environment what the worker reads: REDIS_URL, REDIS_PREFIX, the keys. Ends with code 1 if anything is
missing, double or different.

Example:
  npm run replay -- access.log --rate 500`;

/** `replay FILE`: sends an access log through the SDK and reads all of it back. */
export function createReplayCommand(): Command {
  return new Command('replay')
    .description('send an access log (combined format) through the service, read it back and compare every field')
    .argument('<file>', 'the access log')
    .option('--rate <n|max>', 'requests a second', parseRate, Infinity)
    .option('--keep-times', 'keep the log’s times; otherwise they are moved so that the last request is now', false)
    .addHelpText('after', HELP)
    .action(async (file: string, options: { rate: number; keepTimes: boolean }) => {
      process.exitCode = (await runReplay(file, options.rate, options.keepTimes)) ? 0 : 1;
    });
}

function parseRate(text: string): number {
  if (text === 'max') return Infinity;
  const rate = Number(text);
  if (!(rate > 0)) throw new InvalidArgumentError('It has to be a number above 0, or max.');
  return rate;
}

/** @returns whether everything is stored, once, and as it was sent */
async function runReplay(file: string, perSecond: number, keepTimes: boolean): Promise<boolean> {
  const config = parseConfig();
  const { requests, unparsable } = await readAccessLog(file);
  print(`${requests.length} requests read from ${file}, ${unparsable.length} unparsable${linesOf(unparsable)}.`);
  if (requests.length === 0) return false;
  print(describeBusiest(requests));
  if (keepTimes) warnOfOld(requests, config.ANALYTICS_RETENTION_DAYS);

  const watch = await watchPipeline(config, replayTypes);
  await using service = new AnalyticsService();
  try {
    const progress = createProgress();
    const report = await replayAccessLog(service, watch, requests, guardReplayEvent(config), { perSecond, keepTimes }, {
      ...progress,
      onNoWorker: () => progress.note('No worker is running, so nothing is stored yet. Start one: npm run worker:analytics'),
    });
    progress.end();
    for (const line of formatReplayReport(report)) print(line);
    return isComplete(report);
  } finally {
    await watch.close();
  }
}

function warnOfOld(requests: readonly AccessLogRequest[], retentionDays: number): void {
  const old = requests.filter(({ timeMs }) => timeMs < Date.now() - retentionDays * DAY_MS).length;
  if (old === 0) return;
  print(`${old} requests are older than ${retentionDays} days (ANALYTICS_RETENTION_DAYS): they will not be stored.`);
}

function linesOf(numbers: readonly number[]): string {
  if (numbers.length === 0) return '';
  const shown = numbers.slice(0, 5).join(', ');
  return ` (line ${shown}${numbers.length > 5 ? ', …' : ''})`;
}

function describeBusiest(requests: readonly AccessLogRequest[]): string {
  const counts = new Map<string, number>();
  for (const { address } of requests) counts.set(address, (counts.get(address) ?? 0) + 1);
  const [[address, count] = ['', 0]] = [...counts].toSorted((a, b) => b[1] - a[1]);
  return `${counts.size} visitors; the busiest is ${address} (${count} requests): npm run -s token -- ${address}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
