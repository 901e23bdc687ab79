import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder where the processes of one run note what they have searched; WitnessReporter makes it, reads it and removes it. */
const FOLDER = 'ANALYTICS_TEST_WITNESS';

export type Searched = 'server' | 'wire' | 'output' | 'folder';

/** One line of the notes. WitnessReporter.mjs reads these members. */
export interface Note {
  readonly file: string;
  readonly planted?: true;
  readonly started?: 1;
  readonly stopped?: 1;
  /** Why the data of a server could not be had. */
  readonly missed?: string;
  readonly searched?: Searched;
  readonly bytes?: number;
  readonly ms?: number;
  readonly found?: readonly string[];
}

let isPlanted = false;
let file: string | undefined;

export const tally = {
  /** Whether somebody reads the notes: in jest, and not in programs that use the same Redis, as the benchmarks do. */
  get isOpen(): boolean {
    return process.env[FOLDER] !== undefined;
  },
  note(what: Omit<Note, 'file'>): void {
    const folder = process.env[FOLDER];
    if (folder === undefined) return;
    try {
      appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify({ file: testFile(), ...what } satisfies Note)}\n`);
    } catch (error) {
      // A program that outlives the run: its notes are nobody's any more.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  },
  planted(): void {
    if (isPlanted) return;
    isPlanted = true;
    tally.note({ planted: true });
  },
};

/** jest's own `expect` knows it, as long as the file runs; what it started may end later. Programs have none. */
function testFile(): string {
  if (file !== undefined) return file;
  const expect = Reflect.get(globalThis, 'expect') as { getState?(): { testPath?: string } } | undefined; // jest's, or none
  file = expect?.getState?.().testPath ?? process.argv[1] ?? '';
  return file;
}
