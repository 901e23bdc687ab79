import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { until } from '../../support/program.js';
import { FaultProxy } from '../FaultProxy.js';
import { LineCounter } from './LineCounter.js';
import { childrenOf } from './processTree.js';

export interface ServiceProcessOptions {
  readonly name: string;
  /** A compiled file, relative to this one. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly redisPort: number;
}

/**
 * A harness that is killed leaves nothing behind. For the process itself only: what its children do without it is what the
 * rows look at.
 */
const ENDS_WITH_HARNESS = `data:text/javascript,${encodeURIComponent("if (/(processes|producer).main\\.js$/.test(process.argv[1] ?? '')) process.on('disconnect', () => process.exit(1));")}`;
const START_MS = 60_000;
const STOP_MS = 20_000;
const AGAIN_MS = 300;

/** A process of the scene, with a proxy of its own between it and Redis, that can be killed, stopped and started again. */
export class ServiceProcess {
  readonly name: string;
  readonly proxy: FaultProxy;
  /** Of all its lives. */
  readonly lines = new LineCounter();
  readonly #options: ServiceProcessOptions;
  /** Ends that nobody asked for, each with what it had written last. */
  readonly unasked: string[] = [];
  #child: ChildProcess | undefined;
  /** Whether it is meant to run: then it is started again when it ends, as pm2 does. */
  #isKept = false;
  #again: NodeJS.Timeout | undefined;

  private constructor(options: ServiceProcessOptions, proxy: FaultProxy) {
    this.name = options.name;
    this.#options = options;
    this.proxy = proxy;
  }

  static async create(options: ServiceProcessOptions): Promise<ServiceProcess> {
    return new ServiceProcess(options, await FaultProxy.listen(options.redisPort));
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run.`);
    return this.#child.pid;
  }

  get child(): ChildProcess | undefined {
    return this.#child;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The processes that run its jobs. */
  get children(): number[] {
    return this.isRunning ? childrenOf(this.pid) : [];
  }

  /** Starts it; resolves with the process, which may not be at work yet. */
  launch(env: Readonly<Record<string, string>> = {}): ChildProcess {
    const { program, args = [], env: own } = this.#options;
    const child = fork(fileURLToPath(new URL(program, import.meta.url)), args, {
      // Nothing else of the environment: it may hold options of Node for the harness.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...own, REDIS_URL: `redis://127.0.0.1:${this.proxy.port}`, ...env },
      execArgv: ['--import', ENDS_WITH_HARNESS],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => this.lines.take(text));
    this.lines.restart();
    this.#child = child;
    return child;
  }

  /** Starts a role of the service; resolves once it is at work. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = this.launch(env);
    this.#isKept = true;
    child.once('exit', (code, signal) => this.#onExit(`${signal ?? `code ${code}`}: ${this.lines.last.slice(-3).join(' | ')}`, env));
    let isReady = false;
    child.on('message', (message) => (isReady ||= message === 'ready'));
    const hasSettled = await until(() => isReady || !this.isRunning, START_MS);
    if (!hasSettled || !isReady) throw new Error(`${this.name} did not start:\n${this.lines.last.join('\n')}`);
  }

  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#child!.kill(name);
  }

  /** Kills it at once. */
  async kill(): Promise<void> {
    this.#letGo();
    if (!this.isRunning) return;
    const ended = once(this.#child!, 'exit');
    this.signal('SIGKILL');
    await ended;
  }

  /** Asks it to end. @returns its exit code; undefined when it had to be killed */
  async stop(mostMs = STOP_MS): Promise<number | undefined> {
    this.#letGo();
    if (!this.isRunning) return undefined;
    const child = this.#child!;
    child.kill('SIGTERM');
    await until(() => !this.isRunning, mostMs);
    if (!this.isRunning) return child.exitCode ?? undefined;
    await this.kill();
    return undefined;
  }

  #letGo(): void {
    this.#isKept = false;
    clearTimeout(this.#again);
  }

  #onExit(how: string, env: Readonly<Record<string, string>>): void {
    if (!this.#isKept) return;
    this.unasked.push(how);
    this.#again = setTimeout(() => void this.start(env).catch(() => undefined), AGAIN_MS); // a start that fails is an end as well
  }

  /** Ends it and its proxy, whatever state they are in. */
  async dispose(): Promise<void> {
    this.signal('SIGCONT');
    this.proxy.heal();
    await this.stop();
    await this.proxy.close();
  }
}
