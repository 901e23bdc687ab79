import type { Stats } from '../src/monitoring/Stats.js';

/** Figures over time, oldest first; a null where Redis did not answer. */
export interface StatsHistory {
  /** ms between two points. */
  readonly intervalMs: number;
  readonly points: readonly HistoryPoint[];
}

export interface HistoryPoint {
  readonly at: number;
  readonly waiting: number | null;
  readonly stored: number | null;
  readonly failed: number | null;
  readonly duration: number | null;
  readonly clients: number | null;
  readonly messages: number | null;
  readonly redisMemory: number | null;
}

const INTERVAL_MS = 5000;
/** 10 minutes. */
const POINTS = 120;
/** Health checks need no sign-in: however many ask, Redis is asked this often, in ms. */
const FRESH_MS = 500;

/** Reads figures for whoever asks, at most twice a second, and remembers the last 10 minutes. */
export class StatsSource {
  readonly #collect: () => Promise<Stats>;
  readonly #points: HistoryPoint[] = [];
  #last: Promise<Stats> | undefined;
  #lastAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(collect: () => Promise<Stats>) {
    this.#collect = collect;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#record(), INTERVAL_MS);
    void this.#record();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async now(): Promise<Stats> {
    const now = performance.now();
    if (this.#last === undefined || now - this.#lastAt > FRESH_MS) {
      this.#last = this.#collect();
      this.#lastAt = now;
    }
    return this.#last;
  }

  get history(): StatsHistory {
    return { intervalMs: INTERVAL_MS, points: this.#points };
  }

  async #record(): Promise<void> {
    const { at, queue, webSocket, system } = await this.now();
    this.#points.push({
      at,
      waiting: queue?.length ?? null,
      stored: queue?.processingRate ?? null,
      failed: queue?.errorRate ?? null,
      duration: queue?.processingTime ?? null,
      clients: webSocket?.connectedClients ?? null,
      messages: webSocket?.messageRate ?? null,
      redisMemory: system.memory.redis,
    });
    if (this.#points.length > POINTS) this.#points.shift();
  }
}
