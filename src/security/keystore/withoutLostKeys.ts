import type { SealedChunk } from '../ChunkSealer.js';

/** Stands for a data key that is gone; see `KeyStore.fetch`. */
const NO_KEY = Buffer.alloc(0);

/** A chunk's bytes and its key, as they were found. */
export interface FoundChunk {
  readonly bytes: Buffer | undefined;
  readonly wrappedKey: Buffer | undefined;
}

/**
 * What was found of chunks, sorted out: whoever removes a chunk may do so between the answers that bring its bytes and its
 * key, so where only the bytes came they are asked for once more.
 *
 * @param again looks for these (places in `found`) once more
 */
export async function withoutLostKeys(found: readonly FoundChunk[], again: (places: readonly number[]) => Promise<readonly FoundChunk[]>): Promise<(SealedChunk | undefined)[]> {
  const keyless = [...found.keys()].filter((place) => found[place]!.bytes !== undefined && found[place]!.wrappedKey === undefined);
  const second = new Map(keyless.length === 0 ? [] : (await again(keyless)).map((chunk, index) => [keyless[index]!, chunk]));
  return found.map((chunk, place) => {
    const { bytes, wrappedKey } = second.get(place) ?? chunk;
    return bytes === undefined ? undefined : { bytes, wrappedKey: wrappedKey ?? NO_KEY };
  });
}
