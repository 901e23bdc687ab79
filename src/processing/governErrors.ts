import type { Worker } from 'bullmq';

const HOLD_MS = { first: 50, most: 1000 };
/** After so long without a refusal the next one is the first. */
const FORGET_MS = 5000;

/**
 * Makes a worker wait when Redis refuses to give it jobs: full, read-only, loading, or with a key of another type. BullMQ
 * asks again at once, without end: one worker before a full Redis made 34,000 errors in 3 s.
 *
 * Only asking waits. A job that is at work ends, and brings the next one along with its answer, which a full Redis
 * allows: so what can be worked off is, and slowly at least.
 */
export function governErrors(worker: Worker, onError: (error: Error) => void): void {
  lookAgainSoon(worker);
  let refusals = 0;
  let refusedAt = -Infinity;
  worker.on('error', (error) => {
    onError(error);
    if (error.name !== 'ReplyError') return;
    const now = performance.now();
    refusals = now - refusedAt > FORGET_MS ? 1 : refusals + 1;
    refusedAt = now;
    holdBack(worker, Math.min(HOLD_MS.first * 2 ** (refusals - 1), HOLD_MS.most));
  });
  worker.on('active', () => {
    refusals = 0;
  });
}

/** As if the queue's rate limit had been reached: the one way in which BullMQ leaves off asking and goes on with jobs it has. */
function holdBack(worker: Worker, ms: number): void {
  // Private in its types. The public `rateLimit` would hold back the workers of all processes, and asks Redis to.
  (worker as unknown as { limitUntil: number }).limitUntil = Date.now() + ms;
}

/**
 * When a look for stalled jobs failed, the next is due in its interval, a second. BullMQ waits five more, by a timer that nothing ends: jobs of
 * a killed worker stay as long after Redis is back, and a process whose worker is closed meanwhile does not end before.
 */
function lookAgainSoon(worker: Worker): void {
  // Protected in its types; a worker asks it for nothing else.
  const own = worker as unknown as { checkConnectionError<T>(look: () => Promise<T>, delayInMs?: number): Promise<T | undefined> };
  const check = own.checkConnectionError.bind(worker) as typeof own.checkConnectionError;
  own.checkConnectionError = async (look) => check(look, 0);
}
