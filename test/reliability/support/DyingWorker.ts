import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { burntFile, FUSE_VARIABLE, PHASE_VARIABLE, type Death, type Phase } from '../../faults/failpoints/phases.js';
import { processesWith } from '../../faults/scene/processTree.js';
import { runProgram, until, type RunningProgram } from '../../support/program.js';

const FAILPOINTS = pathToFileURL('dist/test/faults/failpoints/install.js').href;

/** A whole worker, as it is deployed, that is killed in one phase of its first job of events. */
export class DyingWorker {
  readonly phase: Phase;
  readonly #fuse: string;
  readonly #program: RunningProgram;

  /** @param fuse a file's name that is its own */
  constructor(phase: Phase, fuse: string, env: Readonly<Record<string, string>>) {
    this.phase = phase;
    this.#fuse = fuse;
    writeFileSync(fuse, '');
    this.#program = runProgram(['dist/src/processes/main.js', '--services=processing'], {
      ...env,
      NODE_OPTIONS: `--import=${FAILPOINTS}`,
      [PHASE_VARIABLE]: phase,
      [FUSE_VARIABLE]: fuse,
    });
  }

  /** Resolves once it was killed, with what it had been doing. */
  async death(mostMs: number): Promise<Death> {
    const { child } = this.#program;
    const hasEnded = await until(() => child.exitCode !== null || child.signalCode !== null, mostMs);
    if (!hasEnded || child.signalCode !== 'SIGKILL' || !existsSync(burntFile(this.#fuse))) {
      throw new Error(`A worker did not die in its phase "${this.phase}": ${child.signalCode ?? child.exitCode ?? 'it runs'}\n${this.#program.output()}`);
    }
    return JSON.parse(readFileSync(burntFile(this.#fuse), 'utf8')) as Death; // its process wrote it
  }

  /** Those of its processes that still run. */
  left(): number[] {
    return processesWith(this.#fuse);
  }

  /** Ends what is left of it, whatever state it is in. */
  async end(): Promise<void> {
    for (const pid of this.left()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await until(() => this.left().length === 0);
  }
}
