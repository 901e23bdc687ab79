import { crc32 } from 'node:zlib';

import { z } from 'zod';

import { sealedBatchSchema } from '../../../queues/jobs.js';

const recordSchema = z.object({
  v: z.literal(1),
  /** When it was put here, ms since the epoch. */
  at: z.number(),
  queue: z.enum(['events', 'metrics']),
  /** The id of its batch, and so of its job. */
  id: z.string().min(1),
  /** BullMQ priority. */
  priority: z.number().int().min(1),
  payload: sealedBatchSchema,
});

/** A sealed batch as it rests on disk: what its job will be, to the byte. Nothing in it can be opened without the private key. */
export type SpoolRecord = z.output<typeof recordSchema>;

const HEADER_BYTES = 8;

/** A record with its length and checksum before it, so that one that was written in part is known for it. */
export function encodeRecord(record: SpoolRecord): Buffer {
  const body = Buffer.from(JSON.stringify(record));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(body.length, 0);
  header.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([header, body]);
}

export interface ReadRecords {
  readonly records: readonly SpoolRecord[];
  /** Bytes up to which it is sound. If nothing is damaged, what follows was not written to its end, and so acknowledged to nobody. */
  readonly soundBytes: number;
  /** It holds what cannot be read although it was written: the disk lost something, or another version wrote it. */
  readonly isDamaged: boolean;
}

/** The records of a file, up to the first that is not whole. */
export function decodeRecords(file: Buffer): ReadRecords {
  const records: SpoolRecord[] = [];
  let isDamaged = false;
  let from = 0;
  while (from + HEADER_BYTES <= file.length) {
    const to = from + HEADER_BYTES + file.readUInt32BE(from);
    if (to > file.length) break;
    const body = file.subarray(from + HEADER_BYTES, to);
    if (crc32(body) !== file.readUInt32BE(from + 4)) {
      isDamaged ||= to < file.length;
      break;
    }
    const record = recordSchema.safeParse(JSON.parse(body.toString()));
    if (record.success) records.push(record.data);
    else isDamaged = true;
    from = to;
  }
  return { records, soundBytes: from, isDamaged };
}
