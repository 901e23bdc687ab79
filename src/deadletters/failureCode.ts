/** Codes that the reason of a failed job may begin with; see `jobFailure`. */
const ours = [
  'CHILD_CRASHED',
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
] as const;

/** What BullMQ itself says of a job that its worker did not end. */
const bullmq = [
  ['job stalled more than', 'STALLED_TOO_OFTEN'],
  ['job started more than', 'STARTED_TOO_OFTEN'],
  ['Unexpected exit code', 'CHILD_ENDED'],
] as const;

/** Every word that a failed job's reason is told as. `FAILED`: any other reason. `JOB_MISSING`: there is a name and no job. */
export const failureCodes = [...ours, ...bullmq.map(([, code]) => code), 'FAILED', 'JOB_MISSING'] as const;
export type FailureCode = (typeof failureCodes)[number];

/** A failed job's reason as one known word. The reason itself may be anything that anybody put into Redis. */
export function failureCode(reason: unknown): FailureCode | undefined {
  if (typeof reason !== 'string' || reason === '') return undefined;
  const word = /^[A-Z_]+/.exec(reason)?.[0];
  return ours.find((code) => code === word) ?? bullmq.find(([beginning]) => reason.startsWith(beginning))?.[1] ?? 'FAILED';
}
