import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { forEachRecord } from '../history/History.js';
import type { HistoryRecord } from '../history/records.js';

export type Try = Extract<HistoryRecord, { try: string }>;

/** A file of one producer's life. */
export function historyFile(folder: string, name: string, incarnation: number): string {
  return join(folder, `${name}-${incarnation}.jsonl`);
}

/**
 * Calls of the producer's earlier lives that had no good answer and have an id to repeat them with, as a real client
 * would look them up after a crash.
 */
export async function readUnknown(folder: string, name: string, incarnation: number): Promise<(Try & { readonly id: string })[]> {
  const open = new Map<string, Try & { readonly id: string }>();
  const tries = new Map<string, Try>();
  for (let life = 1; life < incarnation; life += 1) {
    const file = historyFile(folder, name, life);
    if (!existsSync(file)) continue;
    await forEachRecord(file, (record) => {
      if ('try' in record) {
        tries.set(record.try, record);
        if (record.id !== undefined) open.set(record.try, { ...record, id: record.id });
      } else if ('acknowledged' in record) open.delete(record.acknowledged);
      else if ('unknown' in record && record.id !== undefined) open.set(record.unknown, { ...tries.get(record.unknown)!, id: record.id });
    });
  }
  return [...open.values()];
}
