import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import type { BackupContext, RunOptions } from './BackupContext.js';
import { checkTarget } from './checkTarget.js';
import type { Manifest } from './files/Manifest.js';
import { RunReader } from './files/RunReader.js';
import { announceKeyFolder } from './keyFolders.js';
import { readState, verifyFiles } from './readState.js';
import { restoreCell } from './restoreCell.js';
import { readErasures, restoreErasures } from './KeptErasures.js';
import { restoreGlobal } from './restoreGlobal.js';
import { restoreMarks } from './restoreMarks.js';
import { walkBackup } from './walkBackup.js';

export interface RestoreOptions extends RunOptions {
  /** Removes what is stored in Redis before. Default: a store that is not empty is refused. */
  readonly replace?: boolean | undefined;
}

export interface RestoreReport {
  readonly manifest: Manifest;
  readonly events: number;
  readonly samples: number;
  readonly chunks: number;
  /** Chunks whose keys were destroyed: they stay away. */
  readonly destroyed: number;
  /** Ids and batches that are known again. */
  readonly marks: number;
  readonly tookMs: number;
}

/**
 * Puts the latest run that is whole into an empty Redis. Everything is verified before the first write, and every seal before
 * its chunk is written. Killed anywhere, it is gone on with by being run again; until it is done no process starts there.
 *
 * @throws BackupError `BACKUP_DAMAGED`, or `BACKUP_REFUSED` for a Redis that is not empty or in use; KeyError; whatever Redis
 *   answers otherwise
 */
export async function restoreBackup(context: BackupContext, { replace = false, onProgress, signal }: RestoreOptions = {}): Promise<RestoreReport> {
  const { redis, keys, folder } = context;
  const startedAt = performance.now();
  const state = await readState(context);
  await verifyFiles(context, state, onProgress);
  const kept = await readErasures(context);
  await checkTarget(redis, keys, state.manifest, replace);
  await checkKeyIdentity(redis, keys, context.keyRing);
  await announceKeyFolder(context).catch((error: NodeJS.ErrnoException) => {
    // One of an earlier release, without an id, that is mounted to be read only: its next run says so.
    if (!['EROFS', 'EACCES', 'EPERM'].includes(error.code ?? '')) throw error;
  });
  const reader = new RunReader(folder);
  const done = { events: 0, samples: 0, chunks: 0, destroyed: 0, marks: 0 };
  const types = new Set<string>();
  const names = new Map<string, Buffer>();
  try {
    for await (const held of walkBackup(context, state, reader)) {
      signal?.throwIfAborted();
      const { kind, name, section } = held.name;
      if (kind === 'global') {
        await restoreGlobal(context, held);
        continue;
      }
      const { rows, chunks } = await restoreCell(context, held);
      if (kind === 'events') types.add(name);
      if (section === 'name') names.set(name, held.cell.fields[0]![1]); // captureMetrics gives it one field
      done[kind === 'metrics' ? 'samples' : 'events'] += rows;
      done.chunks += chunks;
      done.destroyed += held.destroyed.length;
      onProgress?.('restoring', done.events + done.samples, state.manifest.totals.events + state.manifest.totals.samples);
    }
    await restoreErasures(context, kept, state.manifest.finishedAt);
    done.marks = await restoreMarks(context, state, reader, { signal });
  } finally {
    await reader.close();
  }
  // Last: what no list names, nobody reads.
  for (const [name, sealed] of names) await redis.hset(keys.metricCatalogue, name, sealed);
  for (const type of types) await redis.hset(keys.eventCatalogue, type, '1');
  await redis.del(keys.restoring);
  return { manifest: state.manifest, ...done, tookMs: performance.now() - startedAt };
}
