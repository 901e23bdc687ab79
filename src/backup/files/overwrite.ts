import { open, rm } from 'node:fs/promises';

const ZEROS = Buffer.alloc(64 * 1024);

/**
 * Removes a file, its bytes overwritten before. On disks that write elsewhere (SSD, copy on write) the old bytes may stay
 * until they are used again: what stands in them is wrapped all the same.
 */
export async function overwrite(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    for (let at = 0; at < size; at += ZEROS.length) await handle.write(ZEROS, 0, Math.min(ZEROS.length, size - at), at);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rm(file, { force: true });
}
