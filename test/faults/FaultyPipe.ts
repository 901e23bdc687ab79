import type { Socket } from 'node:net';

/** What one direction of a connection does to its bytes. */
export interface PipeFault {
  /** Each piece arrives so much later, ms. Default: 0. */
  readonly delayMs?: number;
  /** And up to so much later still, ms, at random; the order stays. Default: 0. */
  readonly jitterMs?: number;
  /** Default: no limit. */
  readonly bytesPerSecond?: number;
  /** Nothing passes, and nobody is told: with both directions, a half-open connection. What came meanwhile passes once it ends. */
  readonly isHeld?: boolean;
  /** The connection is reset when so many bytes have passed under this fault. */
  readonly cutAfterBytes?: number;
}

export interface FaultyPipeOptions {
  readonly fault: () => PipeFault;
  /** Resets the connection. */
  readonly cut: () => void;
  /** Told of bytes before they pass; false keeps them back for ever. */
  readonly onPass: (bytes: Buffer) => boolean;
}

/** Bytes that wait here before the sender is slowed down. */
const MOST_WAITING = 1 << 20;
/** How often bytes pass under a limit of speed, ms. */
const SLOW_STEP_MS = 20;

/** One direction of a connection through a `FaultProxy`. */
export class FaultyPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #options: FaultyPipeOptions;
  readonly #waiting: { bytes: Buffer; dueAt: number }[] = [];
  #waitingBytes = 0;
  #passedFault: PipeFault | undefined;
  #passed = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #onEmpty: (() => void) | undefined;

  constructor(from: Socket, to: Socket, options: FaultyPipeOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.finish(() => to.end()));
    to.on('drain', () => this.pump());
  }

  /** Calls `then` once everything that waits has passed. */
  finish(then: () => void): void {
    this.#onEmpty = then;
    this.pump();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #take(bytes: Buffer): void {
    const { delayMs = 0, jitterMs = 0 } = this.#options.fault();
    const before = this.#waiting.at(-1)?.dueAt ?? 0;
    this.#waiting.push({ bytes, dueAt: Math.max(before, performance.now() + delayMs + Math.random() * jitterMs) });
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MOST_WAITING) this.#from.pause();
    this.pump();
  }

  /** Lets pass what may. To be called when the fault has changed. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#isStopped && !this.#to.writableNeedDrain) {
      const head = this.#waiting[0];
      if (head === undefined) {
        this.#onEmpty?.();
        return;
      }
      const fault = this.#options.fault();
      if (fault !== this.#passedFault) [this.#passedFault, this.#passed] = [fault, 0];
      if (fault.isHeld === true) return;
      // A delay that has ended no longer holds back what it met.
      const wait = fault.delayMs === undefined && fault.jitterMs === undefined ? 0 : head.dueAt - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.pump(), wait);
        return;
      }
      const { bytesPerSecond = Infinity, cutAfterBytes = Infinity } = fault;
      const step = bytesPerSecond === Infinity ? Infinity : Math.max(1, Math.round((bytesPerSecond * SLOW_STEP_MS) / 1000));
      this.#pass(Math.min(head.bytes.length, step, cutAfterBytes - this.#passed));
      if (this.#passed >= cutAfterBytes) {
        this.#options.cut();
        return;
      }
      if (step !== Infinity) {
        this.#timer = setTimeout(() => this.pump(), SLOW_STEP_MS);
        return;
      }
    }
  }

  #pass(count: number): void {
    const head = this.#waiting[0]!; // pump has just looked
    const bytes = head.bytes.subarray(0, count);
    if (count === head.bytes.length) this.#waiting.shift();
    else head.bytes = head.bytes.subarray(count);
    this.#waitingBytes -= count;
    this.#passed += count;
    if (this.#waitingBytes <= MOST_WAITING && this.#from.isPaused()) this.#from.resume();
    if (this.#options.onPass(bytes)) this.#to.write(bytes);
  }
}
