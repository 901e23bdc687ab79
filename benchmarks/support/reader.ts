import { serveCommands, type Commands } from './commands.js';

/** What is asked of a store of events. */
export type Question =
  | { readonly kind: 'newest'; readonly limit: number }
  | { readonly kind: 'page'; readonly offset: number; readonly limit: number; readonly isByRank?: boolean }
  /** How many have this `properties.page`. */
  | { readonly kind: 'count'; readonly page: string }
  /** Means of a metric over all series, one for each interval. */
  | { readonly kind: 'mean'; readonly startTime: number; readonly endTime: number; readonly intervalMs: number };

export interface Order {
  readonly question: Question;
  readonly times: number;
  /** Asked so often beforehand, which is not measured. Default: 2. */
  readonly warmUp?: number;
  /** A reader anew for each, with nothing in memory but compiled code. Default: false. */
  readonly isCold?: boolean;
  /** Of a page: each time begins that much further on, and what comes beforehand that much before. Default: 0. */
  readonly step?: number;
}

export interface Answers {
  /** What each took. */
  readonly ms: readonly number[];
  /** What was said last. */
  readonly last: unknown;
}

export type ReaderCommands = {
  ask(order: Order): Promise<Answers>;
  close(input: undefined): Promise<void>;
};

export interface Reader {
  answer(question: Question): Promise<unknown>;
  close(): Promise<void>;
}

/** Everything of a reader's process but the way in which it reads: shared by all contestants. */
export function serveReader(open: () => Promise<Reader>, others: Commands = {}): void {
  const warm = open();
  const commands: ReaderCommands = {
    async ask({ question, times, warmUp = 2, isCold = false, step = 0 }) {
      const ms: number[] = [];
      let last: unknown;
      for (let turn = -warmUp; turn < times; turn += 1) {
        const asked = question.kind === 'page' ? { ...question, offset: Math.max(0, question.offset + turn * step) } : question;
        const reader = isCold ? await open() : await warm;
        const before = performance.now();
        last = await reader.answer(asked);
        const took = performance.now() - before;
        if (isCold) await reader.close();
        if (turn >= 0) ms.push(took);
      }
      return { ms, last };
    },
    close: async () => (await warm).close(),
  };
  serveCommands({ ...commands, ...others });
}
