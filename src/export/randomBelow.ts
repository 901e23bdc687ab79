import { randomFillSync } from 'node:crypto';

const AT_ONCE = 16_384;
const RANGE = 2 ** 32;

/** Gives random whole numbers below a bound, each as likely as the others: nobody can work out an order made by them. */
export function createRandomBelow(): (bound: number) => number {
  const numbers = new Uint32Array(AT_ONCE);
  let next = AT_ONCE;
  return (bound) => {
    const even = RANGE - (RANGE % bound);
    for (;;) {
      if (next === AT_ONCE) {
        randomFillSync(numbers);
        next = 0;
      }
      const number = numbers[next]!; // it is below the length
      next += 1;
      if (number < even) return number % bound;
    }
  };
}
