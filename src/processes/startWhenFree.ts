import { setTimeout as sleep } from 'node:timers/promises';

import type { RunningRole, Runtime, StartRole } from './Runtime.js';

const TRY_EVERY_MS = 2000;

/**
 * Starts a role; while another process has its port, stands by and starts it when the port is free. A worker beside
 * "npm start" has sockets and the API served by that one, and still has events to process.
 *
 * @param port that the role listens on, for the log
 * @throws whatever the first try throws, unless it is that the port is taken
 */
export async function startWhenFree(startRole: StartRole, runtime: Runtime, port: number): Promise<RunningRole> {
  try {
    return await startRole(runtime);
  } catch (error) {
    if (!isPortTaken(error)) throw error;
  }
  runtime.logger.warn('The port is in use, so another process serves it; standing by.', { port });
  const stop = new AbortController();
  const trying = tryUntilFree(startRole, runtime, stop.signal);
  return {
    async close() {
      stop.abort();
      await (await trying)?.close();
    },
  };
}

async function tryUntilFree(startRole: StartRole, runtime: Runtime, signal: AbortSignal): Promise<RunningRole | undefined> {
  while (!signal.aborted) {
    await sleep(TRY_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
    if (signal.aborted) return undefined;
    try {
      const role = await startRole(runtime);
      runtime.logger.info('The port became free; serving it now.');
      return role;
    } catch (error) {
      if (!isPortTaken(error)) runtime.logger.warn('The role could not start; trying again.', { error });
    }
  }
  return undefined;
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
