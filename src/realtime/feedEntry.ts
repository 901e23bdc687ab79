/** One entry of a type's feed: a chunk that was stored. */
export interface FeedEntry {
  readonly type: string;
  /** The chunk's last offset, which is the entry's id. */
  readonly offset: number;
  readonly count: number;
  readonly chunkId: Buffer;
  /** ms since the epoch, by the clock of the process that stored it. */
  readonly storedAt: number;
  readonly hour: number;
  readonly earliest: number;
  readonly latest: number;
  /** Fingerprints of the users in it, 4 bytes each. */
  readonly users: Buffer;
}

export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

const CHUNK_ID_BYTES = 16;

export function offsetOfId(id: Buffer | string): number {
  return Number.parseInt(id.toString('latin1'), 10);
}

/** @returns undefined for an entry that the store's script did not write */
export function parseFeedEntry(type: string, [id, fields]: RawEntry): FeedEntry | undefined {
  const found: Record<string, Buffer | undefined> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) found[fields[at]!.toString('latin1')] = fields[at + 1];
  const { c: chunkId, n, at, h, e, l, u: users } = found;
  if (chunkId?.length !== CHUNK_ID_BYTES || users === undefined) return undefined;
  const numbers = [n, at, h, e, l].map((text) => (text === undefined ? Number.NaN : Number(text.toString('latin1'))));
  if (!numbers.every(Number.isSafeInteger)) return undefined;
  const [count, storedAt, hour, earliest, latest] = numbers as [number, number, number, number, number]; // five went in
  return { type, offset: offsetOfId(id), count, chunkId, storedAt, hour, earliest, latest, users };
}
