/**
 * Does `work` at regular times, one after the other, until the function that it returns is called. Keeps no process alive.
 * @param onError told of what failed; it is tried again when its time comes
 */
export function startRepeating(everyMs: number, work: () => Promise<unknown>, onError: (error: Error) => void): () => void {
  let isRunning = false;
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    try {
      await work();
    } catch (error) {
      onError(error instanceof Error ? error : new Error('a value that is no error was thrown'));
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(() => void run(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
