import { AccessGate } from '../../src/access/AccessGate.js';
import type { Identity } from '../../src/access/revocation/Identity.js';
import type { AuditEntry } from '../../src/audit/AuditLog.js';

/** A gate whose records a test can read, and revocations that it makes itself: for the parts that stand between both. */
export function openAccess() {
  const entries: AuditEntry[] = [];
  const revoked = new Set<string>();
  const listeners = new Set<() => void>();
  let isDown = false;
  const audit = {
    async record(entry: AuditEntry): Promise<void> {
      if (isDown) throw new Error('the audit log is away');
      entries.push(entry);
      await Promise.resolve();
    },
  };
  return {
    entries,
    gate: new AccessGate(audit, () => undefined),
    revocations: {
      isRevoked: ({ subject }: Pick<Identity, 'subject'>): boolean => revoked.has(subject),
      watch(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    /** Revokes whatever was issued to somebody. */
    revoke(subject: string): void {
      revoked.add(subject);
      for (const listener of listeners) listener();
    },
    /** From now on nothing can be recorded. */
    takeDown(): void {
      isDown = true;
    },
  };
}
