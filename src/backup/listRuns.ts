import type { BackupContext } from './BackupContext.js';
import type { Manifest } from './files/Manifest.js';
import { readState } from './readState.js';

/** The runs that lead to what a restore would put back, oldest first; none where there is no backup. @throws BackupError; KeyError */
export async function listRuns(context: Pick<BackupContext, 'folder' | 'secrets'>): Promise<Manifest[]> {
  if ((await context.folder.readHead()) === undefined) return [];
  const { manifest } = await readState(context);
  const runs = await Promise.all(manifest.runs.filter((run) => run !== manifest.run).map(async (run) => context.folder.readManifest(run, context.secrets.fields)));
  return [...runs, manifest].sort((one, other) => one.finishedAt - other.finishedAt);
}
