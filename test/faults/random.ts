/** Numbers that follow from a seed, so that a run can be repeated. */
export interface Random {
  /** From 0, below 1. */
  next(): number;
  /** A whole number of `from` to `to`, both included. */
  whole(from: number, to: number): number;
  isLikely(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
}

/** Mulberry32: 32 bits of state, which is plenty for choosing faults. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    whole,
    isLikely: (share) => next() < share,
    pick(items) {
      if (items.length === 0) throw new RangeError('There is nothing to pick from.');
      return items[whole(0, items.length - 1)]!; // not empty
    },
    shuffle(items) {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = whole(0, last);
        [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!]; // both are places of it
      }
      return shuffled;
    },
  };
}
