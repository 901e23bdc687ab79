/**
 * Settles within `ms`, whatever the work does.
 * @param late makes the error for a work that is not done by then; the work itself goes on unheard
 * @param options `keepsAlive`: whether the process lives for it
 */
export function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error, { keepsAlive = true }: { keepsAlive?: boolean } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    if (!keepsAlive) timer.unref();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
