import type { BackupContext } from './BackupContext.js';
import { KeyFileWriter, readKeyFile } from './KeyFile.js';

/**
 * Takes the data keys of these chunks out of the backup: every copy of them is noise from then on. Resolves when no file in
 * the folder of keys holds them.
 *
 * @returns how many there were
 * @throws BackupError: then they may still be there
 */
export async function forgetKeys({ folder }: Pick<BackupContext, 'folder'>, chunkIds: Iterable<Buffer>): Promise<number> {
  const gone = new Set(Array.from(chunkIds, (id) => id.toString('latin1')));
  if ((await folder.readHead()) === undefined) return 0;
  return folder.locked('commit', async () => {
    const head = await folder.readHead();
    if (head === undefined) return 0;
    const writer = await KeyFileWriter.create(folder, head.run);
    let forgotten = 0;
    try {
      for await (const { key, fields } of readKeyFile(folder, head)) {
        const kept = fields.filter(([id]) => !gone.has(id.toString('latin1')));
        forgotten += fields.length - kept.length;
        await writer.add(key, kept);
      }
      await writer.finish();
    } finally {
      await writer.abandon();
    }
    // Also where there were none: a file of keys that a process left which was killed is removed with the others.
    await folder.writeHead({ ...head, keyFile: writer.name });
    await folder.removeOtherKeyFiles(writer.name);
    return forgotten;
  });
}
