import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isLeft, SEGMENT } from '../../producer/spool/SpoolFolder.js';
import { decodeRecords, type SpoolRecord } from '../../producer/spool/SpoolRecord.js';

/** A file of a spool, with the batches in it. */
export interface SpoolSegment {
  readonly path: string;
  /** Whether the process that wrote it is gone, so that nobody appends to it. */
  readonly isLeft: boolean;
  readonly records: readonly SpoolRecord[];
  /** What it holds that cannot be read. */
  readonly isDamaged: boolean;
}

/** The files of all spools in a folder that processes share: those of running ones and those that were left. */
export async function* readSpools(dir: string | undefined): AsyncGenerator<SpoolSegment> {
  if (dir === undefined) return;
  for (const name of await readdir(dir).catch(absent)) {
    const folder = join(dir, name);
    const left = await isLeft(folder);
    for (const file of await readdir(folder).catch(absent)) {
      if (!SEGMENT.test(file)) continue;
      const path = join(folder, file);
      const bytes = await readFile(path).catch(() => undefined);
      if (bytes === undefined) continue; // it was sent meanwhile
      const { records, isDamaged } = decodeRecords(bytes);
      yield { path, isLeft: left, records, isDamaged };
    }
  }
}

/** No folder, or a file in its place. */
function absent(): string[] {
  return [];
}
