import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';

import { z } from 'zod';

/** Names of segments; they count up within a folder, and so come in order. */
export const SEGMENT = /^\d{12}\.segment$/;
const OWNER = 'owner';
const ownerSchema = z.object({ pid: z.number(), startedAt: z.string(), host: z.string() });

const TOUCH_EVERY_MS = 15_000;
/** An owner on another host, as in a container that is gone, cannot be asked: this long without a sign of it is enough. */
const SILENT_MS = 60_000;

/**
 * The folder of one spool within the folder that all share. While its owner lives nobody else touches it; afterwards any other
 * spool takes over its segments, one `rename` each, so that each is in one place at any time.
 */
export class SpoolFolder {
  readonly path: string;
  readonly #parent: string;
  readonly #touching: NodeJS.Timeout;
  #last = 0;

  private constructor(parent: string, path: string) {
    this.#parent = parent;
    this.path = path;
    this.#touching = setInterval(() => void utimes(join(path, OWNER), new Date(), new Date()).catch(() => {}), TOUCH_EVERY_MS).unref();
  }

  static async create(parent: string): Promise<SpoolFolder> {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const name = `${process.pid}-${randomBytes(6).toString('hex')}`;
    // It gets its name once it has an owner: without one it would be anybody's.
    const unnamed = join(parent, `.${name}`);
    await mkdir(unnamed, { mode: 0o700 });
    await writeFile(join(unnamed, OWNER), JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid), host: hostname() }), { mode: 0o600 });
    await rename(unnamed, join(parent, name));
    await syncFolder(parent);
    return new SpoolFolder(parent, join(parent, name));
  }

  /** A path for the next segment. */
  next(): string {
    this.#last += 1;
    return join(this.path, `${String(this.#last).padStart(12, '0')}.segment`);
  }

  /** Takes over what others left behind. @returns the paths of the segments, in order of each that left some */
  async adopt(): Promise<string[]> {
    const adopted: string[] = [];
    for (const name of await readdir(this.#parent)) {
      const path = join(this.#parent, name);
      if (path === this.path || !(await isLeft(path))) continue;
      for (const segment of (await readdir(path).catch(() => [])).filter((file) => SEGMENT.test(file)).toSorted()) {
        const place = this.next();
        // Another spool may have been faster; then it is that one's.
        const isMine = await rename(join(path, segment), place).then(() => true, () => false);
        if (isMine) adopted.push(place);
      }
      await rm(join(path, OWNER), { force: true });
      await rmdir(path).catch(() => {});
    }
    if (adopted.length > 0) await syncFolder(this.path);
    return adopted;
  }

  /** Lets go of the folder: what is still in it is the next one's. */
  async leave(): Promise<void> {
    clearInterval(this.#touching);
    await rm(join(this.path, OWNER), { force: true });
    await rmdir(this.path).catch(() => {}); // not empty
  }
}

/** Makes what was created or renamed in a folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether a folder's owner is gone. */
export async function isLeft(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return false;
    const text = await readFile(join(path, OWNER), 'utf8').catch(() => '');
    const owner = text === '' ? undefined : ownerSchema.safeParse(JSON.parse(text)).data;
    // It let go of it; or it is being made, or was when its process ended.
    if (owner === undefined) return !basename(path).startsWith('.') || Date.now() - found.mtimeMs > SILENT_MS;
    if (owner.host !== hostname()) return Date.now() - (await stat(join(path, OWNER))).mtimeMs > SILENT_MS;
    return !isAlive(owner.pid) || startOf(owner.pid) !== owner.startedAt;
  } catch {
    return false; // it went away meanwhile
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started, in ticks since the boot: its id may be another's by now. Empty where the system does not say. */
function startOf(pid: number): string {
  try {
    // After the name, which is in parentheses and may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
