/** Codes that the reason of a failed job may begin with; see `jobFailure`. */
const ours = new Set([
  'CONFIGURATION_INVALID',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
  'INVALID_JOB',
  'KEY_MISMATCH',
  'KEY_UNAVAILABLE',
  'REDIS_REFUSED',
  'REDIS_UNAVAILABLE',
  'SEAL_BROKEN',
  'STORE_INCONSISTENT',
  'VALIDATION_FAILED',
]);

/** What BullMQ itself says of a job that its worker did not end. */
const bullmq: readonly (readonly [beginning: string, code: string])[] = [
  ['job stalled more than', 'STALLED_TOO_OFTEN'],
  ['job started more than', 'STARTED_TOO_OFTEN'],
  ['Unexpected exit code', 'CHILD_ENDED'],
];

/** A failed job's reason as one known word. The reason itself may be anything that anybody put into Redis. */
export function failureCode(reason: unknown): string | undefined {
  if (typeof reason !== 'string' || reason === '') return undefined;
  const word = /^[A-Z_]+/.exec(reason)?.[0];
  if (word !== undefined && ours.has(word)) return word;
  return bullmq.find(([beginning]) => reason.startsWith(beginning))?.[1] ?? 'FAILED';
}
