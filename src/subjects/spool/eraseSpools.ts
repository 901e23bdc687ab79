import { rename, rm, writeFile } from 'node:fs/promises';

import { encodeRecord, type SpoolRecord } from '../../producer/spool/SpoolRecord.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { BatchRewriter } from '../queue/BatchRewriter.js';
import { openForSubject } from '../queue/openForSubject.js';
import { readSpools } from './readSpools.js';

export interface SpoolErasure {
  /** Events and samples taken out of spools whose processes are gone. */
  readonly spooled: number;
  /** Those in spools of running processes: they are on their way into the queue, where they are left out. */
  readonly held: number;
  readonly unreadable: number;
}

export interface SpoolErasureRun {
  readonly dir: string | undefined;
  readonly keyRing: KeyRing;
  readonly userId: string;
  /** ms: what was tracked later stays. */
  readonly until: number;
  readonly throwIfAborted: () => void;
}

/**
 * Takes what is somebody's out of spools that were left: each file is written anew and takes the place of the old one. Files
 * of running processes are left to these: they send them as soon as Redis answers, and it does, since this asks it.
 */
export async function eraseSpools({ dir, keyRing, userId, until, throwIfAborted }: SpoolErasureRun): Promise<SpoolErasure> {
  const done = { spooled: 0, held: 0, unreadable: 0 };
  const rewriter = new BatchRewriter(keyRing);
  for await (const { path, isLeft, records, isDamaged } of readSpools(dir)) {
    throwIfAborted();
    if (isDamaged) done.unreadable += 1;
    let found = 0;
    const left: SpoolRecord[] = [];
    for (const record of records) {
      const opened = await openForSubject(record.queue, record.id, record.payload, userId, until, keyRing);
      if (opened === undefined) done.unreadable += 1;
      if (opened === undefined || opened.count === 0) {
        left.push(record);
        continue;
      }
      found += opened.count;
      if (!isLeft) continue;
      const payload = await rewriter.rewrite(record.id, opened);
      if (payload !== undefined) left.push({ ...record, payload });
    }
    if (found === 0) continue;
    // What could not be read of a damaged file would be lost, and with it others' events.
    if (!isLeft || isDamaged) {
      done.held += found;
      continue;
    }
    await replaceFile(path, left);
    done.spooled += found;
  }
  return done;
}

async function replaceFile(path: string, records: readonly SpoolRecord[]): Promise<void> {
  if (records.length === 0) return rm(path, { force: true });
  const draft = `${path}.erasing`;
  await writeFile(draft, Buffer.concat(records.map(encodeRecord)), { mode: 0o600, flush: true });
  await rename(draft, path);
}
