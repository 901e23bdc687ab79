/**
 * Settles within `ms`, whatever the work does.
 * @param late makes the error for a work that is not done by then; the work itself goes on unheard
 */
export function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
