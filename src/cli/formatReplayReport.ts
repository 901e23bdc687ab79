import type { ReplayReport } from './replayAccessLog.js';

/** Whether everything that the log held is in the store, once, and as it was sent. */
export function isComplete({ events, samples, refused }: ReplayReport): boolean {
  return (
    events.missing.length === 0 &&
    events.duplicates === 0 &&
    events.different.size === 0 &&
    samples.missing === 0 &&
    refused.size === 0
  );
}

/** The report as lines for people, and for scripts: the first line's form does not change. */
export function formatReplayReport(report: ReplayReport): string[] {
  const { sent, events, samples, refused, seconds, end, failedJobs } = report;
  const lines = [
    `sent ${sent}, stored ${events.stored}, duplicates ${events.duplicates}, missing ${events.missing.length}, ` +
      `${Math.round(events.stored / seconds)} events/s`,
    `Every field compared: ${events.different.size} of ${events.stored} events differ from what was sent.`,
    `Metric samples: ${samples.sent} sent, ${samples.stored} stored, ${samples.duplicates} too many, ` +
      `${samples.missing} lacking.`,
  ];
  for (const [code, calls] of refused) lines.push(`Refused with ${code}: ${calls} calls.`);
  for (const [id, fields] of [...events.different].slice(0, 5)) lines.push(`Differs: ${id} in ${fields.join(', ')}.`);
  if (events.missing.length > 0) lines.push(`Missing, for example: ${events.missing.slice(0, 5).join(', ')}.`);
  if (end === 'stuck') lines.push('Jobs are left, and none of them has moved for a minute. Is a worker running?');
  if (failedJobs > 0) lines.push(`The queues hold ${failedJobs} failed jobs: see the board.`);
  return lines;
}
