import { Command } from 'commander';
import type { SingleBar } from 'cli-progress';

import { commandSubject } from '../access/commandSubject.js';
import type { BackupProgress } from '../backup/BackupContext.js';
import { openBackups, type Backups } from '../backup/openBackups.js';
import { createFoldersCommand, createForgetCommand } from './backupFolders.js';
import { formatRestore, formatRun, formatRuns, formatVerify } from './formatBackup.js';
import { openBar } from './openBar.js';

const HELP = `
A backup holds what is sealed already, as it rests in Redis: chunks, their index, counts, ids that were seen, tags, rollups.
It is no use without the encryption key. The data keys of the chunks lie in a folder of their own, in one file that each run
writes anew: copy the backup as often as you like, and never its keys with a history, so that what an erasure destroys is
destroyed in every copy.

Take a full one now and then, and incremental ones in between, by cron or the like; writers and merges may go on. A run that
was killed is gone on with by the next one of its kind. Restore into an empty Redis with no process of the service running.

Reads from the environment what the worker reads (REDIS_URL, REDIS_PREFIX, the keys), and ANALYTICS_BACKUP_DIR.

Examples:
  npm run backup -- full
  npm run backup -- incremental
  npm run backup -- verify
  REDIS_URL=redis://new-server:6379 npm run backup -- restore`;

interface FolderOptions {
  readonly folder?: string;
  readonly keys?: string;
  readonly json?: true;
}

/** `backup`: what is stored, taken down and put back. */
export function createBackupCommand(): Command {
  return new Command('backup')
    .description('back up what is stored, incrementally too, and restore it')
    .addHelpText('after', HELP)
    .addCommand(withFolder(new Command('full').description('take everything down')).action(take('full')))
    .addCommand(withFolder(new Command('incremental').description('take down what was stored, merged or replaced since')).action(take('incremental')))
    .addCommand(createVerify())
    .addCommand(createRestore())
    .addCommand(createList())
    .addCommand(createFoldersCommand())
    .addCommand(createForgetCommand());
}

function take(kind: 'full' | 'incremental') {
  return async (options: FolderOptions): Promise<void> => {
    await working(options, async (backups, run) => {
      const manifest = await backups[kind](run);
      print(options, manifest, formatRun(manifest, await backups.list()));
    });
  };
}

function createVerify(): Command {
  return withFolder(new Command('verify').description('read it all as a restore would: hashes, manifests and every seal')).action(async (options: FolderOptions) => {
    await working(options, async (backups, run) => {
      const report = await backups.verify(run);
      print(options, report, formatVerify(report));
    });
  });
}

function createRestore(): Command {
  return withFolder(new Command('restore').description('put the latest run that is whole into an empty Redis'))
    .option('--replace', 'remove what is stored there before; what waits in the queues stays')
    .action(async ({ replace, ...options }: FolderOptions & { replace?: true }) => {
      await working(options, async (backups, run) => {
        const report = await backups.restore({ ...run, replace });
        print(options, report, formatRestore(report));
      });
    });
}

function createList(): Command {
  return withFolder(new Command('list').description('list the runs that a restore would read')).action(async (options: FolderOptions) => {
    await working(options, async (backups) => {
      const runs = await backups.list();
      print(options, runs, formatRuns(runs));
    });
  });
}

function withFolder(command: Command): Command {
  return command
    .option('--folder <path>', 'folder of the backup (default: ANALYTICS_BACKUP_DIR)')
    .option('--keys <path>', 'folder of its data keys (default: ANALYTICS_BACKUP_KEYS_DIR, or the folder with "-keys" behind it)')
    .option('--json', 'print the report as JSON');
}

/** Ctrl-C ends it between two steps; what it has taken down by then is gone on with. */
async function working({ folder, keys }: FolderOptions, work: (backups: Backups, run: { readonly onProgress: BackupProgress; readonly signal: AbortSignal }) => Promise<void>): Promise<void> {
  await using backups = await openBackups({ folder, keysFolder: keys, operator: commandSubject() });
  const progress = createBars();
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('It was stopped; run it again to go on.'));
  process.once('SIGINT', onSignal);
  try {
    await work(backups, { onProgress: progress.update, signal: stop.signal });
  } finally {
    progress.end();
    process.off('SIGINT', onSignal);
  }
}

/** A bar for each phase, one after the other. */
function createBars(): { readonly update: BackupProgress; end(): void } {
  let bar: SingleBar | undefined;
  let shown = '';
  const end = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(phase, done, total) {
      if (phase !== shown) {
        end();
        shown = phase;
        bar = openBar(phase.padEnd('verifying'.length), total);
      }
      bar?.setTotal(Math.max(total, done));
      bar?.update(done);
    },
    end,
  };
}

function print({ json }: FolderOptions, report: unknown, lines: readonly string[]): void {
  process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : `${lines.join('\n')}\n`);
}
