import { Command } from 'commander';

import { commandPrincipal } from '../access/commandPrincipal.js';
import { forgetFolder, listFolders, type ForgetFolderContext, type KnownFolder } from '../backup/forgetFolder.js';
import { openFolder } from '../backup/openFolder.js';
import { parseConfig } from '../config/parseConfig.js';
import { ValidationError } from '../errors/ValidationError.js';
import { formatTable } from './formatTable.js';
import { readReason, REASON_FROM_INPUT } from './readReason.js';
import { withAccess, type AccessTools } from './withAccess.js';

const FORGET_HELP = `
An erasure is refused while Redis knows of a folder of backups that it does not reach. This is for one that is lost for good.
It changes nothing in that folder. What it means: should a copy of the folder still be somewhere, whoever is erased from now on
can be read there, with the encryption key, for as long as that copy exists; and no receipt of these erasures says so, as it
does with "subjects erase --leave-backups". Destroy what is left of it first. A run that is taken into it later makes it known again.

Examples:
  npm run backup -- folders
  npm run backup -- forget 0f8c...  --reason "the disk of host b was shredded, ticket 4711"`;

/** `backup folders`: which folders erasures have to reach. */
export function createFoldersCommand(): Command {
  return new Command('folders')
    .description('list the folders of data keys that an erasure has to reach, by their ids')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: { json?: true }) => {
      await withAccess(async (tools) => {
        const folders = await listFolders(await contextOf(tools));
        process.stdout.write(json === true ? `${JSON.stringify(folders)}\n` : `${format(folders).join('\n')}\n`);
      });
    });
}

/** `backup forget`: no erasure waits for a folder that is lost. */
export function createForgetCommand(): Command {
  return new Command('forget')
    .description('have no erasure wait for a folder of backups that is lost for good')
    .argument('<id>', 'id of the folder, as "folders" lists it')
    .requiredOption('--reason <text>', `why; it is recorded with the id, sealed; ${REASON_FROM_INPUT}`)
    .addHelpText('after', FORGET_HELP)
    .action(async (id: string, { reason: given }: { reason: string }) => {
      const reason = (await readReason(given)).trim();
      if (reason === '') throw new ValidationError('command', [{ path: '--reason', given: 'nothing', allowed: 'why it is forgotten' }]);
      await withAccess(async (tools) => {
        const context = await contextOf(tools);
        await tools.gate.act(commandPrincipal(), { operation: 'backup.forget', reason: `${id}: ${reason}` }, async () => forgetFolder(context, id));
      });
      process.stdout.write('Forgotten: erasures do not wait for it. Whoever is erased from now on can be read in any copy of it that still exists.\n');
    });
}

async function contextOf({ redis, keys }: AccessTools): Promise<ForgetFolderContext> {
  return { redis, keys, own: await openFolder(parseConfig())?.madeKeysId() };
}

function format(folders: readonly KnownFolder[]): string[] {
  if (folders.length === 0) return ['No backup was taken of this store, or those are forgotten.'];
  return formatTable(['folder', 'last run', 'reached from here'], folders.map(({ id, lastRunAt, isReached }) => [id, new Date(lastRunAt).toISOString(), isReached ? 'yes' : 'no']));
}
