/**
 * What `work` comes to, unless `signal` is aborted before: then its reason, as an error. The work is left behind, not
 * stopped: a command that Redis does not answer cannot be taken back. It is safe to be done again beside it.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      // Nobody hears of it when it fails later.
      work.catch(() => undefined);
      reject(signal.reason as Error); // `abort` is called with errors only
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
