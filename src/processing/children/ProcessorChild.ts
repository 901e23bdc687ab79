import { fork, type ChildProcess } from 'node:child_process';

import { JobFailure } from '../../ingestion/jobFailure.js';
import type { CancelReason, ChildJob, MessageFromChild, MessageToChild } from './messages.js';
import { childEnvironment } from './childEnvironment.js';
import { eachLine } from './eachLine.js';
import { guardOrphan } from './orphanGuard.js';

export interface ProcessorChildOptions {
  /** The processor. */
  readonly file: URL;
  readonly execArgv: readonly string[];
  /** Told each line that the child logs, or that Node says when it ends it. */
  readonly onLine: (line: string) => void;
  /** Called once, when the process has ended. */
  readonly onExit: (child: ProcessorChild) => void;
}

/** The child ended in the midst of a job, or before it took one. */
export class ChildGoneError extends Error {}

interface Settle {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A child that is told to end has this long: it only closes connections. */
const END_MS = 1000;

const program = new URL(import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js', import.meta.url);

/** A child process with one processor in it, as its worker sees it. Takes one job at a time. */
export class ProcessorChild {
  readonly #process: ChildProcess;
  readonly #letGo: () => void;
  readonly #gone: Promise<void>;
  #starting: Settle | undefined;
  #job: Settle | undefined;
  #isGone = false;
  /** Jobs done. */
  jobs = 0;
  /** Resident memory as the child last told, bytes. */
  rss = 0;

  constructor({ file, execArgv, onLine, onExit }: ProcessorChildOptions) {
    this.#process = fork(program, [file.href], {
      // A group of its own: Ctrl-C reaches the whole terminal group, and would interrupt a job.
      detached: true,
      env: childEnvironment(process.env),
      execArgv: [...execArgv],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    if (this.#process.stderr !== null) eachLine(this.#process.stderr, onLine);
    this.#letGo = this.#process.pid === undefined ? () => undefined : guardOrphan(this.#process.pid);
    this.#process.on('message', (message: MessageFromChild) => this.#take(message));
    this.#gone = new Promise((resolve) => {
      const settle = (): void => {
        if (this.#isGone) return;
        this.#isGone = true;
        this.#letGo();
        const error = new ChildGoneError();
        this.#starting?.reject(error);
        this.#job?.reject(error);
        onExit(this);
        resolve();
      };
      this.#process.once('exit', settle);
      // It could not be started. Other errors are of messages that find nobody: then it has ended, which is told above.
      this.#process.on('error', () => this.#process.pid === undefined && settle());
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get exit(): { readonly exitCode: number | undefined; readonly signal: string | undefined } {
    return { exitCode: this.#process.exitCode ?? undefined, signal: this.#process.signalCode ?? undefined };
  }

  /** Resolves once it takes jobs. @throws ChildGoneError when it ended, or was killed because it took more than `mostMs` */
  async start(mostMs: number): Promise<void> {
    if (this.#isGone) throw new ChildGoneError();
    const timer = setTimeout(() => this.kill(), mostMs);
    try {
      await new Promise<unknown>((resolve, reject) => {
        this.#starting = { resolve, reject };
      });
    } finally {
      clearTimeout(timer);
      this.#starting = undefined;
    }
  }

  /** Resolves with what the processor returned. @throws JobFailure as it failed; ChildGoneError when the child ended */
  async run(job: ChildJob, token: string | undefined): Promise<unknown> {
    if (this.#isGone) throw new ChildGoneError();
    try {
      return await new Promise((resolve, reject) => {
        this.#job = { resolve, reject };
        this.#send({ kind: 'run', job, token });
      });
    } finally {
      this.#job = undefined;
      this.jobs += 1;
    }
  }

  /** Aborts the signal of the job that it runs, if it is able to hear. */
  cancel(reason: CancelReason): void {
    this.#send({ kind: 'cancel', reason });
  }

  kill(): void {
    if (!this.#isGone) this.#process.kill('SIGKILL');
  }

  /** Lets it end: it hears that it is alone. Kills it if it does not. Resolves when it has ended. */
  async end(): Promise<void> {
    if (this.#isGone) return;
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.kill(), END_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  #send(message: MessageToChild): void {
    // Without a callback a closed channel would be an error of the process, which nobody catches. `exit` tells enough.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #take(message: MessageFromChild): void {
    if (message.kind === 'ready') {
      this.#starting?.resolve(undefined);
      return;
    }
    if (message.rss !== undefined) this.rss = message.rss;
    if (message.kind === 'completed') this.#job?.resolve(message.value);
    else this.#job?.reject(new JobFailure(message.message, message.isFinal));
  }
}
