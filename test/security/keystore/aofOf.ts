import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every byte of the append-only files in a server's folder. */
export function aofOf(dir: string): Buffer {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
  return Buffer.concat(files.filter((file) => /\.(aof|rdb)$/.test(file) && statSync(file).isFile()).map((file) => readFileSync(file)));
}
