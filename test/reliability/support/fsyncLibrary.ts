import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Without a compiler no library can be made that stands between Redis and the disk. */
export const hasCompiler = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;

/**
 * Compiles `fsyncLog.c` into `folder`, to be loaded into redis-server by LD_PRELOAD. FSYNC_LOG names the file that says how much of the append-only file
 * is on disk; as long as the file exists that FSYNC_BROKEN names, the disk refuses with EIO.
 * @returns its path
 */
export function compileFsyncLibrary(folder: string): string {
  const library = join(folder, 'fsyncLog.so');
  const source = fileURLToPath(new URL('fsyncLog.c', import.meta.url));
  const { status, stderr } = spawnSync('gcc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  if (status !== 0) throw new Error(String(stderr));
  return library;
}
