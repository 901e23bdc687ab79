import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import type { AuditKeys } from '../../security/AuditKeys.js';
import { FIRST_LINE_PREVIOUS, hashOfLine, signLine, type Claim, type Statement } from './Statement.js';

/** A line has 1,000 marks at most, 6 kB with what stands around them. */
const TAIL_BYTES = 64 * 1024;
const NEWLINE = 10;

interface OpenFile {
  readonly name: string;
  readonly handle: FileHandle;
  /** Its length and its last line's hash, as this process left it. */
  end: number;
  last: string;
}

/**
 * Appends signed statements to the file of the month, and has them on disk before it resolves. Several processes may append to
 * one folder: each line names the one that it found before it, and is written in one piece.
 */
export class CheckpointFile {
  readonly #folder: string;
  readonly #keys: AuditKeys;
  readonly #now: () => number;
  readonly #writer = randomBytes(6).toString('base64url');
  #n = 0;
  #file: OpenFile | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ folder, keys, now = Date.now }: { readonly folder: string; readonly keys: AuditKeys; readonly now?: () => number }) {
    this.#folder = path.resolve(folder);
    this.#keys = keys;
    this.#now = now;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Finds out whether the folder takes files. @throws what the file system says */
  async prepare(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#current();
    });
  }

  /** @throws what the file system says; nothing counts as written then */
  async append(claims: readonly Claim[]): Promise<void> {
    if (claims.length > 0) await this.#inTurn(() => this.#append(claims));
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#file?.handle.close();
      this.#file = undefined;
    });
  }

  async #append(claims: readonly Claim[]): Promise<void> {
    const file = await this.#current();
    const { last, isTorn } = await lastLine(file);
    let previous = last;
    let n = this.#n;
    const lines = claims.map((claim) => {
      n += 1;
      // zod's union and this one are the same, which the compiler does not see through the spread.
      const statement = { ...claim, v: 1, writer: this.#writer, n, at: this.#now(), key: this.#keys.id.toString('hex'), previous } as Statement;
      const line = signLine(statement, this.#keys);
      previous = hashOfLine(line);
      return line;
    });
    // What a process left that died while it wrote becomes a line of its own.
    const bytes = Buffer.from(`${isTorn ? '\n' : ''}${lines.join('\n')}\n`);
    const { bytesWritten } = await file.handle.write(bytes);
    // Numbers are used up even if it fails: part of it may be there.
    this.#n = n;
    if (bytesWritten !== bytes.length) throw new Error(`Only ${bytesWritten} of ${bytes.length} bytes were written.`);
    await file.handle.datasync();
    file.end += bytes.length;
    file.last = previous;
  }

  async #current(): Promise<OpenFile> {
    const name = `checkpoints-${new Date(this.#now()).toISOString().slice(0, 7)}.log`;
    if (this.#file?.name === name) return this.#file;
    await this.#file?.handle.close();
    this.#file = undefined;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const last = await this.#lastOfEarlier(name);
    const handle = await open(path.join(this.#folder, name), 'a+', 0o600);
    const folder = await open(this.#folder, 'r');
    await folder.sync();
    await folder.close();
    this.#file = { name, handle, end: 0, last };
    return this.#file;
  }

  /** What the first line of a new file names: the last line of the file before it. */
  async #lastOfEarlier(name: string): Promise<string> {
    const earlier = (await checkpointFiles(this.#folder)).filter((other) => other < name).at(-1);
    if (earlier === undefined) return FIRST_LINE_PREVIOUS;
    const handle = await open(path.join(this.#folder, earlier), 'r');
    try {
      return (await lastLine({ handle, end: 0, last: FIRST_LINE_PREVIOUS })).last;
    } finally {
      await handle.close();
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** The names of the files in a folder, earliest first; none where there is no folder. */
export async function checkpointFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => /^checkpoints-\d{4}-\d{2}\.log$/.test(name)).sort();
}

/** The hash of a file's last line. It is read again only when somebody else has written. */
async function lastLine({ handle, end, last }: Pick<OpenFile, 'handle' | 'end' | 'last'>): Promise<{ last: string; isTorn: boolean }> {
  const { size } = await handle.stat();
  if (size === end || size === 0) return { last, isTorn: false };
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  await handle.read(bytes, 0, bytes.length, size - bytes.length);
  const isTorn = bytes.at(-1) !== NEWLINE;
  const line = bytes.subarray(0, isTorn ? bytes.length : -1);
  return { last: hashOfLine(line.subarray(line.lastIndexOf(NEWLINE) + 1).toString('utf8')), isTorn };
}
