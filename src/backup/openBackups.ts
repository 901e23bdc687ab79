import { AccessGate } from '../access/AccessGate.js';
import { application, type Principal } from '../access/Principal.js';
import { openAuditLog } from '../audit/openAuditLog.js';
import { parseConfig, type Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { KeyError } from '../errors/KeyError.js';
import { connect } from '../redis/connect.js';
import { keysOf } from '../redis/keys.js';
import { loadKeyRing } from '../security/loadKeyRing.js';
import { addHours, type BackupPart } from './addHours.js';
import type { BackupContext, RunOptions } from './BackupContext.js';
import type { Manifest } from './files/Manifest.js';
import { forgetKeys } from './forgetKeys.js';
import { keepErasures } from './KeptErasures.js';
import { listRuns } from './listRuns.js';
import { openFolder } from './openFolder.js';
import { restoreBackup, type RestoreOptions, type RestoreReport } from './restoreBackup.js';
import { takeBackup } from './takeBackup.js';
import { verifyBackup, type VerifyReport } from './verifyBackup.js';

export interface BackupsOptions {
  /** Default: `ANALYTICS_BACKUP_DIR`. */
  readonly folder?: string | undefined;
  /** Where the data keys lie. Default: `ANALYTICS_BACKUP_KEYS_DIR`, or the folder with `-keys` behind it. */
  readonly keysFolder?: string | undefined;
  /** Who does it, for the audit log. Default: the application itself. */
  readonly operator?: string | undefined;
  /** Told of errors of the connection to Redis, which is made anew by itself. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** The backups of one folder. See docs/backup.md. */
export interface Backups extends AsyncDisposable {
  /** Takes everything down. @throws BackupError, KeyError; whatever Redis answers otherwise */
  full(options?: RunOptions): Promise<Manifest>;
  /** Takes down what was stored, merged or replaced since. @throws as `full` does */
  incremental(options?: RunOptions): Promise<Manifest>;
  /** Reads it all as a restore would. @throws BackupError `BACKUP_DAMAGED`; KeyError */
  verify(options?: RunOptions): Promise<VerifyReport>;
  /** Puts the latest run that is whole back. @throws BackupError, KeyError; whatever Redis answers otherwise */
  restore(options?: RestoreOptions): Promise<RestoreReport>;
  /** The runs that lead to what a restore would put back, oldest first. */
  list(): Promise<Manifest[]>;
  /** For an erasure: adds what these hours and tags are now. @throws as `full` does; then destroy no key */
  addHours(parts: readonly BackupPart[]): Promise<Manifest | undefined>;
  /** For an erasure or a hold: a restore knows of it from then on, whichever copy of the backup it puts back. @throws BackupError, KeyError; whatever Redis answers otherwise */
  keepErasures(): Promise<void>;
  /** For an erasure: takes the data keys of chunks out. @returns how many there were */
  forgetKeys(chunkIds: Iterable<Buffer>): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens the backups that the environment names.
 * @throws ConfigurationError where no folder is given; KeyError in a process that only has the public key; BackupError
 */
export async function openBackups(options: BackupsOptions = {}, config: Config = parseConfig()): Promise<Backups> {
  const folder = openFolder(config, options);
  if (folder === undefined) throw new ConfigurationError(['ANALYTICS_BACKUP_DIR: a folder for backups is needed.']);
  const keyRing = await loadKeyRing(config);
  const { reading: secrets } = keyRing;
  if (secrets === undefined) throw new KeyError('KEY_UNAVAILABLE', 'This process has only the public key. Backups are signed and verified with ANALYTICS_ENCRYPTION_KEY.');
  const onError = options.onError ?? (() => {});
  const redis = connect(config, 'failFast', 'analytics-backup', onError);
  const keys = keysOf(config);
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  const principal: Principal = options.operator === undefined ? application : { actor: { subject: options.operator, roles: ['operator'], purpose: 'operations' }, via: 'cli' };
  const close = async (): Promise<void> => {
    await audit.close();
    redis.disconnect();
    secrets.dataKeys.close();
  };
  return createBackups({ redis, keys, keyRing, secrets, folder, now: Date.now }, { gate: new AccessGate(audit, onError), principal, close });
}

interface Surroundings {
  readonly gate: AccessGate;
  readonly principal: Principal;
  readonly close: () => Promise<void>;
}

/** What is done to the store as a whole is recorded before it is done. */
function createBackups(context: BackupContext, { gate, principal, close }: Surroundings): Backups {
  let closing: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => (closing ??= close());
  return {
    full: async (options) => gate.act(principal, { operation: 'backup.take' }, async () => takeBackup(context, 'full', options)),
    incremental: async (options) => gate.act(principal, { operation: 'backup.take' }, async () => takeBackup(context, 'incremental', options)),
    // Nothing of what is stored is given out, and Redis may be gone: that is when it is asked.
    verify: async (options) => verifyBackup(context, options),
    restore: async (options) => gate.act(principal, { operation: 'backup.restore' }, async () => restoreBackup(context, options)),
    list: async () => listRuns(context),
    addHours: async (parts) => addHours(context, parts),
    keepErasures: async () => keepErasures(context),
    forgetKeys: async (chunkIds) => forgetKeys(context, chunkIds),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}
