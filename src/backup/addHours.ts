import type { BackupContext, RunOptions } from './BackupContext.js';
import { ERASED_KEY } from './capture/captureGlobals.js';
import { hourKey } from './capture/captureHour.js';
import { tagSections, tagsKey } from './capture/captureMetrics.js';
import { commit } from './commitRun.js';
import type { Manifest } from './files/Manifest.js';
import { RunReader } from './files/RunReader.js';
import { RunWriter } from './files/RunWriter.js';

/** A UTC hour of an event type, or of a metric by its name as it stands in keys. */
export interface BackupHour {
  readonly kind: 'events' | 'metrics';
  readonly name: string;
  readonly hour: number;
}

/** Tag sets of a metric that were taken away, by the first bytes of their series' ids. */
export interface BackupTags {
  readonly kind: 'tags';
  /** The metric's name as it stands in keys. */
  readonly name: string;
  readonly first: readonly number[];
}

export type BackupPart = BackupHour | BackupTags;

/**
 * Adds what these hours hold now to the backup, and takes the data keys of chunks that are in none of them any more out of its
 * file of keys. Resolves when that is on the disk. For an erasure: after the replacement is in the store, before the replaced
 * chunks' keys are destroyed. A backup that is being taken meanwhile takes these hours down anew before it counts.
 *
 * @returns undefined where there is no backup yet
 * @throws BackupError; KeyError; whatever Redis answers otherwise: then nothing was added, and no key may be destroyed
 */
export async function addHours(context: BackupContext, parts: readonly BackupPart[], options: RunOptions = {}): Promise<Manifest | undefined> {
  const { folder, secrets, now } = context;
  if ((await folder.readHead()) === undefined) return undefined;
  return folder.locked('commit', async () => {
    const head = await folder.readHead();
    if (head === undefined) return undefined;
    const base = await folder.readManifest(head.run, secrets.fields);
    const run = Math.max(...(await folder.runs())) + 1;
    const writer = await RunWriter.create(folder, { run, kind: 'erasure', base: base.run, startedAt: now() });
    const reader = new RunReader(folder);
    // Who was erased goes along, so that what comes late for them is stored no more after a restore.
    const touched = [...new Set(parts.flatMap(cellsOf)), ERASED_KEY];
    try {
      return await commit(context, { ...options, writer, reader, draft: folder.file(base.run, 'index'), marks: base.marks, waiting: base.waiting, touched });
    } finally {
      await reader.close();
      await writer.abandon();
    }
  });
}

function cellsOf(part: BackupPart): string[] {
  if (part.kind !== 'tags') return [hourKey(part, part.hour)];
  return part.first.flatMap((first) => tagSections.map((section) => tagsKey({ kind: 'metrics', name: part.name }, section, first)));
}
