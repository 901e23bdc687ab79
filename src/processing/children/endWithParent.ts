/** What a write to a parent that is gone fails with. */
const GONE = new Set(['EPIPE', 'ECONNRESET', 'ERR_IPC_CHANNEL_CLOSED', 'ERR_IPC_DISCONNECTED']);

/**
 * Ends this child once its parent is gone: it would otherwise go on with its job beside the worker that was given the job
 * again (seen for more than 5 s after kill -9 of a worker).
 *
 * To hear `disconnect` is not enough: a job that ends before it is heard has its result sent to nobody, which is an
 * exception, and one that would be told to nobody.
 */
export function endWithParent(): void {
  process.once('disconnect', () => process.exit(0));
  process.prependListener('uncaughtException', (error: unknown) => {
    if (error instanceof Error && 'code' in error && GONE.has(String(error.code))) process.exit(0);
  });
}
