import { FailureCounter } from '../doors/FailureCounter.js';
import { failureMark } from '../doors/failureMark.js';
import type { LockOut } from '../doors/LockOut.js';
import { lockOutLimits } from '../doors/lockOutLimits.js';

/** Keeps out for a while who sends one bad credential after another. One that processes share may take its place. */
export interface CredentialLockout {
  /** Seconds to wait before another try; 0: go on. */
  waitSeconds(address: string): number | Promise<number>;
  /** A credential of this address was refused. */
  failed(address: string): unknown;
}

/**
 * In the memory of one process, by the rules of docs/access.md. A refused credential costs a check of a signature and a record of audit, which is
 * what this bounds; to guess 256 random bits is hopeless without it.
 */
export function createCredentialLockout(now: () => number = Date.now): CredentialLockout {
  const counter = new FailureCounter(lockOutLimits);
  const markOf = (address: string): string => failureMark(undefined, 'http', 'address', address);
  return {
    waitSeconds: (address) => toSeconds(counter.lockedFor(markOf(address), now())),
    failed: (address) => counter.note(markOf(address), now()),
  };
}

/** The count of all processes that serve the API. */
export function sharedCredentialLockout(lockOut: LockOut): CredentialLockout {
  return {
    waitSeconds: async (address) => toSeconds(await lockOut.lockedFor(address)),
    failed: async (address) => lockOut.failed(address),
  };
}

function toSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
