import type { BackupContext, RunOptions } from './BackupContext.js';
import type { Manifest } from './files/Manifest.js';
import { RunReader } from './files/RunReader.js';
import { readErasures } from './KeptErasures.js';
import { readState, verifyFiles } from './readState.js';
import { walkBackup } from './walkBackup.js';

export interface VerifyReport {
  readonly manifest: Manifest;
  /** Chunks that were opened. */
  readonly chunks: number;
  /** Chunks whose keys were destroyed, and that nobody can open any more. */
  readonly destroyed: number;
  readonly tookMs: number;
}

/**
 * Reads a whole backup as a restore would: hashes, manifests, and every seal.
 * @throws BackupError `BACKUP_DAMAGED`, or `BACKUP_REFUSED` where there is none; KeyError
 */
export async function verifyBackup(context: BackupContext, { onProgress, signal }: RunOptions = {}): Promise<VerifyReport> {
  const startedAt = performance.now();
  const state = await readState(context);
  await verifyFiles(context, state, onProgress);
  await readErasures(context);
  const reader = new RunReader(context.folder);
  const found = { chunks: 0, destroyed: 0 };
  try {
    for await (const { destroyed, chunks } of walkBackup(context, state, reader)) {
      signal?.throwIfAborted();
      found.destroyed += destroyed.length;
      for await (const page of chunks()) found.chunks += page.length;
      onProgress?.('verifying', found.chunks, state.manifest.totals.chunks);
    }
  } finally {
    await reader.close();
  }
  return { manifest: state.manifest, ...found, tookMs: performance.now() - startedAt };
}
