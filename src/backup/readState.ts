import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { BackupError } from '../errors/BackupError.js';
import type { BackupContext, BackupProgress } from './BackupContext.js';
import type { Head, RunFile } from './files/BackupFolder.js';
import { damaged } from './files/damaged.js';
import type { Manifest } from './files/Manifest.js';

export interface BackupState {
  readonly head: Head;
  readonly manifest: Manifest;
}

/** The run that counts. @throws BackupError where there is none, or it is damaged; KeyError */
export async function readState({ folder, secrets }: Pick<BackupContext, 'folder' | 'secrets'>): Promise<BackupState> {
  const head = await folder.readHead();
  if (head === undefined) throw new BackupError('BACKUP_REFUSED', 'There is no backup in this folder that was finished.');
  return { head, manifest: await folder.readManifest(head.run, secrets.fields) };
}

/**
 * Reads every file that a run leads to, and compares it with what its manifest says.
 * @throws BackupError `BACKUP_DAMAGED`; KeyError for a manifest that no holder of the key wrote
 */
export async function verifyFiles({ folder, secrets }: Pick<BackupContext, 'folder' | 'secrets'>, { manifest }: BackupState, onProgress?: BackupProgress): Promise<void> {
  const manifests = await Promise.all(manifest.runs.map(async (run) => (run === manifest.run ? manifest : folder.readManifest(run, secrets.fields))));
  const total = manifests.reduce((sum, { files }) => sum + Object.values(files).reduce((bytes, file) => bytes + file.bytes, 0), 0);
  let done = 0;
  for (const { run, files } of manifests) {
    for (const name of ['blocks', 'cells', 'marks', 'index'] as const satisfies readonly RunFile[]) {
      const hash = createHash('sha256');
      let length = 0;
      const bytes = createReadStream(folder.file(run, name), { highWaterMark: 1024 * 1024 });
      try {
        for await (const part of bytes as AsyncIterable<Buffer>) {
          hash.update(part);
          length += part.length;
          done += part.length;
          onProgress?.('verifying', done, total);
        }
      } catch (cause) {
        throw damaged(`a file of run ${run} cannot be read`, { cause });
      }
      if (length !== files[name].bytes || hash.digest('hex') !== files[name].sha256) throw damaged(`a file of run ${run} (${name}) is not what was written`);
    }
  }
}
