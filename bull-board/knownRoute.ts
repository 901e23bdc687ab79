import { queueTitles } from '../queues/names.js';
import { isJobId } from './projectJob.js';

/** What stands in the board's own addresses, and in those of Bull Board's that change something. */
const words = new Set<string>([
  ...queueTitles,
  ...['api', 'dead-letters', 'retry', 'drop', 'open', 'queues', 'promote', 'clean', 'pause', 'resume', 'empty', 'obliterate', 'add', 'bulk', 'concurrency'],
  ...['wait', 'active', 'delayed', 'failed', 'completed', 'prioritized', 'sign-in', 'sign-out'],
]);

/**
 * A path as it may stand in a log or a record: words of ours and ids of jobs, with `*` for whatever else somebody put there.
 * Somebody may have pasted a name or a token into the address.
 */
export function knownRoute(path: string): string {
  return path
    .split('/')
    .map((part) => (part === '' || words.has(part) || isJobId(part) ? part : '*'))
    .join('/');
}
