import { fileURLToPath } from 'node:url';

/** Path of a file that browsers are given; it lies beside the code, built or not. */
export function publicFile(name: string): string {
  return fileURLToPath(new URL(`public/${name}`, import.meta.url));
}
