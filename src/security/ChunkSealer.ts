import { createCipheriv, createDecipheriv } from 'node:crypto';

import { KeyError } from '../errors/KeyError.js';
import { NONCE_BYTES, openBytes, sealBytes } from './aead.js';
import { KEY_ID_BYTES, type NamedKeys } from './NamedKeys.js';
import { takeRandom } from './takeRandom.js';

const FORMAT = 1;
/** AES key wrap's fixed start value, RFC 3394 section 2.2.3.1. */
const WRAP_START = Buffer.alloc(8, 0xa6);
const KEY_BYTES = 32;
const HEADER_BYTES = 1 + NONCE_BYTES;

/** What a sealed chunk is bound to. Change any of it and the chunk does not open. */
export interface ChunkPlace {
  /** `events` or `metrics`. */
  readonly kind: string;
  /** The event type, or the metric's encoded name. */
  readonly series: string;
  /** UTC hour: ms since the epoch / 3,600,000. */
  readonly hour: number;
  readonly chunkId: Uint8Array;
  readonly count: number;
  readonly earliest: number;
  readonly latest: number;
}

export interface SealedChunk {
  /** Format, nonce, ciphertext, tag. */
  readonly bytes: Buffer;
  /** Key id of the key-encryption key (4 bytes), then the wrapped data key (40 bytes). */
  readonly wrappedKey: Buffer;
}

/** A chunk in parts that are read one by one: a directory of them, and the blocks, each sealed by itself. */
export interface SealedBlocks {
  readonly head: Buffer;
  readonly blocks: readonly Buffer[];
  readonly wrappedKey: Buffer;
}

/** Which part of a chunk: bound in, so that no block passes for another one. */
export type BlockName = 'head' | number;

/**
 * Seals each chunk under a random data key of its own, wrapped by the key-encryption key (RFC 3394). Whoever destroys
 * the wrapped key makes every copy of the chunk noise, old backups included: 44 bytes a chunk buy that.
 */
export class ChunkSealer {
  readonly #keyEncryptionKeys: NamedKeys;

  constructor(keyEncryptionKeys: NamedKeys) {
    this.#keyEncryptionKeys = keyEncryptionKeys;
  }

  /** @param under seals under this data key, which the chunk has already, and not under a new one */
  seal(place: ChunkPlace, plain: Uint8Array, under?: Buffer): SealedChunk {
    if (under !== undefined) return { bytes: sealPart(this.#unwrap(under), takeRandom(NONCE_BYTES), plain, chunkContext(place)), wrappedKey: under };
    // One request for randomness: 32 bytes of key and 12 of nonce.
    const random = takeRandom(KEY_BYTES + NONCE_BYTES);
    const dataKey = random.subarray(0, KEY_BYTES);
    const nonce = random.subarray(KEY_BYTES);
    return { bytes: sealPart(dataKey, nonce, plain, chunkContext(place)), wrappedKey: this.#wrap(dataKey) };
  }

  /**
   * @throws KeyError `KEY_UNAVAILABLE` when the chunk was sealed under a key that this process does not hold;
   *   `SEAL_BROKEN` when key, bytes and place don't belong together
   */
  open(place: ChunkPlace, chunk: SealedChunk): Buffer {
    return openPart(this.#unwrap(chunk.wrappedKey), chunk.bytes, chunkContext(place));
  }

  /** Seals the parts of a chunk under one data key, each with a nonce of its own: a few hundred, so none comes twice. */
  sealBlocks(place: ChunkPlace, head: Uint8Array, blocks: readonly Uint8Array[]): SealedBlocks {
    const random = takeRandom(KEY_BYTES + NONCE_BYTES * (blocks.length + 1));
    const dataKey = random.subarray(0, KEY_BYTES);
    const nonce = (part: number): Buffer => random.subarray(KEY_BYTES + NONCE_BYTES * part, KEY_BYTES + NONCE_BYTES * (part + 1));
    return {
      head: sealPart(dataKey, nonce(0), head, blockContext(place, 'head')),
      blocks: blocks.map((block, number) => sealPart(dataKey, nonce(number + 1), block, blockContext(place, number))),
      wrappedKey: this.#wrap(dataKey),
    };
  }

  /**
   * Opens parts of a chunk, one after another: its data key is unwrapped once.
   * @throws KeyError as `open` does, and so does what it returns
   */
  blockOpener(place: ChunkPlace, wrappedKey: Buffer): (name: BlockName, bytes: Buffer) => Buffer {
    const dataKey = this.#unwrap(wrappedKey);
    return (name, bytes) => openPart(dataKey, bytes, blockContext(place, name));
  }

  /**
   * Wraps a data key again, under the current key-encryption key. The chunk stays as it is.
   * @returns undefined where it is under that one already
   * @throws KeyError as `open` does
   */
  rewrap(wrappedKey: Buffer): Buffer | undefined {
    if (this.#keyEncryptionKeys.isCurrent(wrappedKey.subarray(0, KEY_ID_BYTES))) return undefined;
    return this.#wrap(this.#unwrap(wrappedKey));
  }

  #wrap(dataKey: Uint8Array): Buffer {
    const { current, currentId } = this.#keyEncryptionKeys;
    const wrap = createCipheriv('id-aes256-wrap', current, WRAP_START);
    return Buffer.concat([currentId, wrap.update(dataKey), wrap.final()]);
  }

  #unwrap(wrappedKey: Buffer): Buffer {
    if (wrappedKey.length === 0) {
      throw new KeyError('KEY_UNAVAILABLE', 'The data key of a chunk is gone: it was destroyed, or its key store lost it. See docs/keys.md.');
    }
    const key = this.#keyEncryptionKeys.find(wrappedKey.subarray(0, KEY_ID_BYTES), 'A chunk');
    try {
      const unwrap = createDecipheriv('id-aes256-wrap', key, WRAP_START);
      return Buffer.concat([unwrap.update(wrappedKey.subarray(KEY_ID_BYTES)), unwrap.final()]);
    } catch (cause) {
      throw new KeyError('SEAL_BROKEN', "A chunk's data key does not unwrap: it was changed.", { cause });
    }
  }
}

function sealPart(dataKey: Uint8Array, nonce: Buffer, plain: Uint8Array, context: Buffer): Buffer {
  return Buffer.concat([Buffer.of(FORMAT), nonce, sealBytes(dataKey, nonce, plain, context)]);
}

function openPart(dataKey: Uint8Array, bytes: Buffer, context: Buffer): Buffer {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) {
    throw new KeyError('SEAL_BROKEN', 'A chunk has a format that this version does not know.');
  }
  return openBytes(dataKey, bytes.subarray(1, HEADER_BYTES), bytes.subarray(HEADER_BYTES), context, 'A chunk');
}

function blockContext(place: ChunkPlace, name: BlockName): Buffer {
  return Buffer.concat([chunkContext(place), Buffer.from(name === 'head' ? '|head' : `|block ${name}`)]);
}

function chunkContext(place: ChunkPlace): Buffer {
  const { kind, series, hour, count, earliest, latest } = place;
  const id = Buffer.from(place.chunkId).toString('base64');
  return Buffer.from(`analytics chunk v${FORMAT}|${kind}|${series}|${hour}|${id}|${count}|${earliest}|${latest}`);
}
