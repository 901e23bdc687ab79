/**
 * The only fields that a log line may carry, with the form of their values. Anything else is dropped, and a value that
 * has another form is written as "?": a log must never hold what an event holds, whatever a caller passes.
 */
const count = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
const flag = (value: unknown): boolean => typeof value === 'boolean';
/** Names and ids of our own: one word, no spaces, so that no sentence or JSON can hide in it. */
const word = (value: unknown): boolean => typeof value === 'string' && /^[\w.:/@+=~-]{1,160}$/.test(value);

export const logFields = {
  // how many, how long, how large
  count, total: count, left: count, attempt: count, size: count, bytes: count, waiting: count, failed: count, stored: count,
  duplicates: count, expired: count, deleted: count, merged: count, chunks: count, clients: count, connections: count,
  concurrency: count, durationMs: count, delayMs: count, ageMs: count, intervalMs: count, deadlineMs: count,
  offset: count, limit: count, port: count, pid: count, exitCode: count, status: count, dropped: count,
  // which one
  code: word, name: word, component: word, role: word, queue: word, job: word, jobId: word, scheduler: word, type: word,
  chunkId: word, keyId: word, version: word, epoch: word, host: word, method: word, route: word, requestId: word,
  connectionId: word, outcome: word, reason: word, state: word, signal: word, processor: word, command: word,
  level: word, actor: word, session: word,
  // whether
  production: flag, embedded: flag, resumed: flag,
} as const satisfies Record<string, (value: unknown) => boolean>;

export type LogFieldName = keyof typeof logFields;

/** What a line may carry besides its sentence. `error` is reduced to name, code and stack; its message is left out. */
export type LogFields = {
  readonly [Name in LogFieldName]?: string | number | bigint | boolean | undefined;
} & { readonly error?: unknown };
