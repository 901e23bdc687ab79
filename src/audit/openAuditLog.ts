import path from 'node:path';

import type { Config } from '../config/parseConfig.js';
import { AuditError } from '../errors/AuditError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing } from '../security/KeyRing.js';
import type { AuditLog } from './AuditLog.js';
import { createAuditLog } from './createAuditLog.js';

export interface AuditPlace {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  readonly onError: (error: Error) => void;
}

/** Where the configuration keeps checkpoints. */
export function auditFolder(config: Pick<Config, 'ANALYTICS_AUDIT_DIR' | 'ANALYTICS_DATA_DIR'>): string {
  return path.resolve(config.ANALYTICS_AUDIT_DIR ?? path.join(config.ANALYTICS_DATA_DIR, 'audit'));
}

/** The audit log that a configuration describes. A process that holds only the public key has one that takes no records. */
export function openAuditLog(config: Pick<Config, 'ANALYTICS_AUDIT_DIR' | 'ANALYTICS_DATA_DIR'>, { redis, keys, keyRing, onError }: AuditPlace): AuditLog {
  const secrets = keyRing.reading?.audit;
  if (secrets !== undefined) return createAuditLog({ redis, keys, secrets, folder: auditFolder(config), onError });
  return {
    record: () => Promise.reject(new AuditError('a process that only holds ANALYTICS_PUBLIC_KEY cannot write it. Set ANALYTICS_ENCRYPTION_KEY.')),
    close: () => Promise.resolve(),
  };
}
