import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * The secret in `file`, made if it is not there: `bytes` random bytes as base64, readable by this user only. Several
 * processes may start at once: one makes it, all get the same.
 */
export async function keepSecret(file: string, bytes: number): Promise<string> {
  const known = await readSecret(file);
  if (known !== undefined) return known;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${randomBytes(bytes).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // link() fails where the name is taken, so the first process wins and a reader never sees half a file.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await chmod(file, 0o600);
  const made = await readSecret(file);
  if (made === undefined) throw new Error(`${file} could not be read back`);
  return made;
}

/** The text in `file`, trimmed, or undefined where there is none. */
export async function readSecret(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    // fs errors always carry a code; anything else is passed on as well.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
