import { open, rename } from 'node:fs/promises';
import path from 'node:path';

/** Puts a file in place at once or not at all, whatever happens meanwhile: beside it first, then renamed, each on the disk. */
export async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  const draft = `${file}.draft`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  await syncFolder(path.dirname(file));
}

/** A name is on the disk only when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
