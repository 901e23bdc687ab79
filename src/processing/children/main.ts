import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { jobFailure } from '../../ingestion/jobFailure.js';
import { endWithParent } from './endWithParent.js';
import { MOST_RESULT, type CancelReason, type ChildJob, type MessageFromChild, type MessageToChild, type ProcessorFunction } from './messages.js';

// The program of a child: runs the jobs of one processor, whose file is the first argument, one at a time.

/** Time for the last log line to reach its reader. */
const FLUSH_MS = 100;
/** To read one's own memory takes 15 µs: a twentieth of that each job. A job that took longer may have taken much memory. */
const RSS_EVERY = { jobs: 20, ms: 1000 };

let running: AbortController | undefined;
let isEnding = false;
let jobs = 0;
let rssReadAt = performance.now();

// A terminal's Ctrl-C and pm2 signal whole trees of processes. A child ends when its worker says so, or is gone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
endWithParent();
// The state of this process is unknown then, and Node would print the error with its message, which may quote data.
process.on('uncaughtException', (error) => void endAfter('An error was not caught; this child ends.', error));
process.on('unhandledRejection', (error) => void endAfter('A rejection was not handled; this child ends.', error));

async function endAfter(sentence: string, error: unknown): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(1), FLUSH_MS);
  // Processors have loaded them; a child whose processor has not takes a second less to start.
  const [{ createLogger }, { parseConfig }] = await Promise.all([import('../../logging/createLogger.js'), import('../../config/parseConfig.js')]);
  createLogger(parseConfig(), 'processor').error(sentence, { error });
}

function send(message: MessageFromChild): void {
  if (isEnding) return;
  process.send?.(message, undefined, undefined, (error) => {
    // Nobody is there to hear it.
    if (error !== null) process.exit(0);
  });
}

async function run(processor: ProcessorFunction, job: ChildJob, token: string | undefined): Promise<void> {
  running = new AbortController();
  try {
    const value = (await processor(job, token, running.signal)) ?? null;
    const size = JSON.stringify(value)?.length ?? 0;
    if (size > MOST_RESULT) throw new AnalyticsError('INTERNAL', `A processor returned more than ${MOST_RESULT} characters.`);
    send({ kind: 'completed', value, rss: memory() });
  } catch (error) {
    const { message, isFinal } = jobFailure(error);
    send({ kind: 'failed', message, isFinal, rss: memory() });
  } finally {
    running = undefined;
  }
}

function memory(): number | undefined {
  jobs += 1;
  const now = performance.now();
  if (jobs % RSS_EVERY.jobs !== 0 && now - rssReadAt < RSS_EVERY.ms) return undefined;
  rssReadAt = now;
  return process.memoryUsage.rss();
}

function reasonOf(reason: CancelReason): AnalyticsError {
  return reason === 'deadline'
    ? new AnalyticsError('DEADLINE_EXCEEDED', 'A job took longer than it may. It is tried again.')
    : new AnalyticsError('SERVICE_CLOSED', 'The worker ends. The job is tried again.');
}

const { default: processor } = (await import(process.argv[2] ?? '')) as { default: ProcessorFunction };
process.on('message', (message: MessageToChild) => {
  if (message.kind === 'run') void run(processor, message.job, message.token);
  else running?.abort(reasonOf(message.reason));
});
send({ kind: 'ready' });
