import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** Bytes that are gathered before they are written. */
const BUFFER_BYTES = 1024 * 1024;

export interface FileSeal {
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
}

/** A file that is only appended to, and hashed on the way. */
export class AppendFile {
  readonly #file: FileHandle;
  readonly #hash: Hash;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #length: number;

  private constructor(file: FileHandle, hash: Hash, length: number) {
    this.#file = file;
    this.#hash = hash;
    this.#length = length;
  }

  /** @param length of what is kept: what a process that was killed may have written behind it is cut off */
  static async open(path: string, length = 0): Promise<AppendFile> {
    const hash = createHash('sha256');
    // Not 'a': on Linux that would ignore where it is cut.
    const file = await open(path, length === 0 ? 'w' : 'r+', 0o600);
    if (length > 0) {
      await file.truncate(length);
      for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer); // without an encoding it gives Buffers
    }
    return new AppendFile(file, hash, length);
  }

  get length(): number {
    return this.#length;
  }

  /** @returns where the bytes stand */
  async append(bytes: Buffer): Promise<number> {
    const at = this.#length;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    this.#length += bytes.length;
    this.#hash.update(bytes);
    if (this.#gatheredBytes >= BUFFER_BYTES) await this.#write();
    return at;
  }

  /** Resolves when everything is on the disk. */
  async sync(): Promise<void> {
    await this.#write();
    await this.#file.datasync();
  }

  async finish(): Promise<FileSeal> {
    await this.sync();
    await this.#file.close();
    return { bytes: this.#length, sha256: this.#hash.digest('hex') };
  }

  /** Gives it up; safe after `finish`. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #write(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered);
    let at = this.#length - bytes.length;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    for (let from = 0; from < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, from, bytes.length - from, at);
      from += bytesWritten;
      at += bytesWritten;
    }
  }
}
