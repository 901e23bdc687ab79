import { parseConfig, type Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { KeyError } from '../errors/KeyError.js';
import { connect } from '../redis/connect.js';
import { keysOf } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { loadKeyRing } from '../security/loadKeyRing.js';
import { addHours, type BackupHour } from './addHours.js';
import type { BackupContext, RunOptions } from './BackupContext.js';
import { BackupFolder } from './files/BackupFolder.js';
import type { Manifest } from './files/Manifest.js';
import { forgetKeys } from './forgetKeys.js';
import { listRuns } from './listRuns.js';
import { restoreBackup, type RestoreOptions, type RestoreReport } from './restoreBackup.js';
import { takeBackup } from './takeBackup.js';
import { verifyBackup, type VerifyReport } from './verifyBackup.js';

export interface BackupsOptions {
  /** Default: `ANALYTICS_BACKUP_DIR`. */
  readonly folder?: string | undefined;
  /** Where the data keys lie. Default: `ANALYTICS_BACKUP_KEYS_DIR`, or the folder with `-keys` behind it. */
  readonly keysFolder?: string | undefined;
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
  /** For an erasure: adds what these hours hold now. @throws as `full` does; then destroy no key */
  addHours(hours: readonly BackupHour[]): Promise<Manifest | undefined>;
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
  const redis = connect(config, 'failFast', 'analytics-backup', options.onError ?? (() => {}));
  return createBackups({ redis, keys: keysOf(config), keyRing, secrets, folder, now: Date.now }, redis);
}

/** The folders that are configured; undefined where none is. @throws BackupError where keys would lie inside of the backup */
export function openFolder(config: Pick<Config, 'ANALYTICS_BACKUP_DIR' | 'ANALYTICS_BACKUP_KEYS_DIR'>, { folder = config.ANALYTICS_BACKUP_DIR, keysFolder = config.ANALYTICS_BACKUP_KEYS_DIR }: BackupsOptions = {}): BackupFolder | undefined {
  return folder === undefined ? undefined : new BackupFolder(folder, keysFolder ?? `${folder.replace(/\/+$/, '')}-keys`);
}

/** @param owned a connection that is closed with them */
export function createBackups(context: BackupContext, owned?: RedisClient): Backups {
  const close = async (): Promise<void> => {
    owned?.disconnect();
    if (owned !== undefined) context.secrets.dataKeys.close();
    await Promise.resolve();
  };
  return {
    full: async (options) => takeBackup(context, 'full', options),
    incremental: async (options) => takeBackup(context, 'incremental', options),
    verify: async (options) => verifyBackup(context, options),
    restore: async (options) => restoreBackup(context, options),
    list: async () => listRuns(context),
    addHours: async (hours) => addHours(context, hours),
    forgetKeys: async (chunkIds) => forgetKeys(context, chunkIds),
    close,
    [Symbol.asyncDispose]: close,
  };
}

