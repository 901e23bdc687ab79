import { once } from 'node:events';

import { ORDER_VARIABLE, type ProducerCommand, type ProducerOrder, type ProducerReport } from '../producer/ProducerOrder.js';
import type { ServiceProcess } from './ServiceProcess.js';

const NOTHING: ProducerReport = { started: 0, acknowledged: 0, toRepeat: 0, underWay: 0, isFinished: false };

/** A producer process over all its lives. */
export class Producer {
  readonly process: ServiceProcess;
  readonly #order: Omit<ProducerOrder, 'incarnation'>;
  #lives = 0;
  #earlier = 0;
  #report = NOTHING;
  #isPaused = false;

  constructor(process: ServiceProcess, order: Omit<ProducerOrder, 'incarnation'>) {
    this.process = process;
    this.#order = order;
  }

  /** Acknowledged calls, repeats included. */
  get acknowledged(): number {
    return this.#earlier + this.#report.acknowledged;
  }

  get report(): ProducerReport {
    return this.#report;
  }

  /** Starts its next life, which first repeats what the last one was not answered. */
  start(): void {
    this.#earlier += this.#report.acknowledged;
    this.#report = NOTHING;
    this.#lives += 1;
    const order: ProducerOrder = { ...this.#order, incarnation: this.#lives, seed: this.#order.seed + this.#lives };
    const child = this.process.launch({ [ORDER_VARIABLE]: JSON.stringify(order) });
    child.on('message', (report: ProducerReport) => (this.#report = report));
    if (this.#isPaused) this.tell('pause');
  }

  async restart(): Promise<void> {
    await this.process.kill();
    this.start();
  }

  tell(command: ProducerCommand): void {
    this.#isPaused = command === 'pause';
    if (this.process.isRunning) this.#child?.send(command);
  }

  /** Begins nothing more, repeats until everything is answered, and ends. @returns whether it did within `mostMs` */
  async finish(mostMs: number): Promise<boolean> {
    const child = this.#child;
    if (child === undefined || !this.process.isRunning) return false;
    const ended = once(child, 'exit');
    this.tell('finish');
    const timer = new Promise<false>((resolve) => setTimeout(resolve, mostMs, false).unref());
    return (await Promise.race([ended.then(() => true), timer])) && this.#report.isFinished;
  }

  get #child() {
    return this.process.child;
  }
}
