import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { z } from 'zod';

import { BackupError } from '../../errors/BackupError.js';
import type { FieldSealer } from '../../security/FieldSealer.js';
import { damaged } from './damaged.js';
import { decodeManifest, type Manifest } from './Manifest.js';
import { overwrite } from './overwrite.js';
import { syncFolder, writeWhole } from './writeWhole.js';

const headSchema = z.strictObject({
  format: z.literal(1),
  /** The latest run that is whole: what a restore puts back. */
  run: z.number().int().min(1),
  /** The name of the file of data keys in the folder of keys. */
  keyFile: z.string().regex(/^keys-[0-9a-z-]+$/),
});

export type Head = z.output<typeof headSchema>;

/** Which of a run's files. */
export type RunFile = 'blocks' | 'cells' | 'marks' | 'index';

/** What a process holds that takes a full or incremental backup; and what it holds while it puts a run in place. */
export type LockName = 'run' | 'commit';

const LOCK_STALE_MS = 10_000;
/** A commit of 10 M events takes seconds. */
const COMMIT_WAIT = { retries: 120, factor: 1, minTimeout: 500, maxTimeout: 500, randomize: true };

/** The places of a backup on the disk: runs in one folder, data keys in another. */
export class BackupFolder {
  readonly path: string;
  readonly keysPath: string;

  constructor(folder: string, keysFolder: string) {
    this.path = path.resolve(folder);
    this.keysPath = path.resolve(keysFolder);
    if (this.keysPath === this.path || this.keysPath.startsWith(`${this.path}${path.sep}`)) {
      throw new BackupError('BACKUP_REFUSED', 'The data keys of a backup have to lie in a folder outside of it: whoever copies the backup would copy them along, and no erasure could take them back.');
    }
  }

  async create(): Promise<void> {
    await mkdir(path.join(this.path, 'runs'), { recursive: true, mode: 0o700 });
    await mkdir(this.keysPath, { recursive: true, mode: 0o700 });
  }

  runPath(run: number): string {
    return path.join(this.path, 'runs', String(run).padStart(6, '0'));
  }

  file(run: number, name: RunFile | 'manifest.json' | 'progress.json'): string {
    return path.join(this.runPath(run), name);
  }

  keyFile(name: string): string {
    return path.join(this.keysPath, name);
  }

  /** What names the folder of keys, wherever it is mounted, and a copy of it too. Made at the first call. */
  async keysId(): Promise<string> {
    const known = await this.madeKeysId();
    if (known !== undefined) return known;
    const file = path.join(this.keysPath, 'id');
    await mkdir(this.keysPath, { recursive: true, mode: 0o700 });
    await writeWhole(file, `${randomBytes(16).toString('hex')}\n`);
    // Of two that made one at once, the later counts.
    return (await readFile(file, 'utf8')).trim();
  }

  /** As `keysId`, for those who only look: undefined where there is none yet. */
  async madeKeysId(): Promise<string | undefined> {
    const known = (await readText(path.join(this.keysPath, 'id')))?.trim();
    return known !== undefined && /^[0-9a-f]{32}$/.test(known) ? known : undefined;
  }

  /** Which run counts; undefined where none was finished yet. @throws BackupError `BACKUP_DAMAGED` */
  async readHead(): Promise<Head | undefined> {
    const text = await readText(path.join(this.path, 'head.json'));
    if (text === undefined) return undefined;
    const parsed = headSchema.safeParse(parseJson(text));
    if (!parsed.success) throw damaged('head.json cannot be read');
    return parsed.data;
  }

  /** From here on the run counts. */
  async writeHead(head: Head): Promise<void> {
    await writeWhole(path.join(this.path, 'head.json'), `${JSON.stringify(head)}\n`);
  }

  /** @throws BackupError `BACKUP_DAMAGED`; KeyError */
  async readManifest(run: number, sealer: FieldSealer): Promise<Manifest> {
    const text = await readText(this.file(run, 'manifest.json'));
    if (text === undefined) throw damaged(`run ${run} is not there`);
    return decodeManifest(text, run, sealer);
  }

  /** The runs that are there, finished or not, in their order. */
  async runs(): Promise<number[]> {
    const names = await readdir(path.join(this.path, 'runs'));
    return names.filter((name) => /^\d{6,}$/.test(name)).map(Number).sort((one, other) => one - other);
  }

  /** Runs that a process which was killed left behind. */
  async unfinishedRuns(): Promise<number[]> {
    const unfinished: number[] = [];
    for (const run of await this.runs()) if ((await readText(this.file(run, 'manifest.json'))) === undefined) unfinished.push(run);
    return unfinished;
  }

  async createRun(run: number): Promise<void> {
    await mkdir(this.runPath(run), { recursive: true, mode: 0o700 });
    await syncFolder(path.join(this.path, 'runs'));
  }

  async removeRun(run: number): Promise<void> {
    await rm(this.runPath(run), { recursive: true, force: true });
  }

  /** Removes every file of keys but one, overwritten first: there is no history of them. */
  async removeOtherKeyFiles(kept: string | undefined): Promise<void> {
    for (const name of await readdir(this.keysPath)) if (name.startsWith('keys-') && name !== kept) await overwrite(this.keyFile(name));
    await syncFolder(this.keysPath);
  }

  /**
   * Does the work while no other process has that lock. A process that dies leaves it for ten seconds.
   * @throws BackupError `BACKUP_REFUSED` while another one has it
   */
  async locked<T>(name: LockName, work: () => Promise<T>): Promise<T> {
    // Only here: it listens to the signals of the process from its import on.
    const { lock } = await import('proper-lockfile');
    let compromised: Error | undefined;
    const release = await lock(path.join(this.path, name), {
      // The file itself need not be there: what counts is the lock beside it.
      realpath: false,
      stale: LOCK_STALE_MS,
      retries: name === 'commit' ? COMMIT_WAIT : { retries: 12, factor: 1, minTimeout: 1000, maxTimeout: 1000 },
      onCompromised: (error) => {
        compromised = error;
      },
    }).catch((cause: unknown) => {
      throw new BackupError('BACKUP_REFUSED', 'Another process works on this backup. Try again when it has finished.', { cause });
    });
    try {
      const result = await work();
      if (compromised !== undefined) throw new BackupError('BACKUP_REFUSED', 'This process was stopped for so long that another one may work on the backup. Run the command again.', { cause: compromised });
      return result;
    } finally {
      if (compromised === undefined) await release();
    }
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    // fs errors always carry a code; anything else is passed on as well.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
