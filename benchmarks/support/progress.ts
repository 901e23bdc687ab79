const EVERY_MS = 5000;

/**
 * Tells every five seconds how far something is and how long it will still take.
 *
 * @returns to be told how much is done
 */
export function createProgress(what: string, total: number, say: (line: string) => void): (done: number) => void {
  const startedAt = performance.now();
  let toldAt = startedAt;
  return (done) => {
    const now = performance.now();
    if (now - toldAt < EVERY_MS && done < total) return;
    toldAt = now;
    const perSecond = done / ((now - startedAt) / 1000);
    const left = done < total ? `, ${Math.ceil((total - done) / perSecond)} s left` : '';
    say(`${what}: ${whole(done)} of ${whole(total)}, ${whole(perSecond)}/s${left}`);
  };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}
