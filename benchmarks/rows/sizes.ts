import type { SuiteContext } from './Suite.js';

const SIZES = [250_000, 500_000, 1_000_000, 2_000_000];
const QUICK_DIVISOR = 50;

/** Events or samples that the store holds in the table's rows. */
export function tableSize({ isQuick }: SuiteContext): number {
  return isQuick ? 1_000_000 / QUICK_DIVISOR : 1_000_000;
}

/** Sizes of the store that is measured, from the smallest. */
export function sizesOf(context: SuiteContext): readonly number[] {
  if (!context.isGrowth) return [tableSize(context)];
  return context.isQuick ? SIZES.map((size) => size / QUICK_DIVISOR) : SIZES;
}
