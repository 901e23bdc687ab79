import type { Logger } from '../logging/createLogger.js';
import type { RunningRole } from './Runtime.js';

export interface NamedRole extends RunningRole {
  readonly name: string;
}

/** What a role gets even when those before it have used up the budget: one that hangs must not cost the others their end. */
const GRACE_MS = 500;

/**
 * Closes the roles one after the other, the last started first, within one budget of time.
 *
 * @param budgetMs for all together; a role that does not end in what is left of it, or in 500 ms, is left behind
 * @returns whether all ended in time and without a fault
 */
export async function closeInOrder(roles: readonly NamedRole[], budgetMs: number, logger: Logger): Promise<boolean> {
  const deadline = performance.now() + budgetMs;
  let isClean = true;
  for (const role of [...roles].reverse()) {
    const outcome = await settleBy(Math.max(deadline, performance.now() + GRACE_MS), role);
    if (outcome === 'closed') continue;
    isClean = false;
    logger.error('A role did not end as it should.', { role: role.name, ...outcome });
  }
  return isClean;
}

type Outcome = 'closed' | { readonly reason: string } | { readonly error: unknown };

async function settleBy(deadline: number, role: NamedRole): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Outcome>((resolve) => {
    timer = setTimeout(resolve, deadline - performance.now(), { reason: 'out-of-time' });
  });
  const closing = role.close().then(
    (): Outcome => 'closed',
    (error: unknown): Outcome => ({ error }),
  );
  try {
    return await Promise.race([closing, limit]);
  } finally {
    clearTimeout(timer);
  }
}
