import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What the build has made of a program of the tests. One that uses the service starts in a third of the time, 1.0 s instead
 * of 2.9, that its source takes under tsx: time of a processor that other tests want.
 *
 * @param source relative to the project, such as `test/backup/programs/dyingBackup.ts`
 */
export function built(source: string): string {
  const file = join(root, 'dist', source.replace(/\.ts$/, '.js'));
  if (!existsSync(file)) throw new Error(`Build first: npm run build. There is no ${file}`);
  return file;
}
