import { until } from '../../support/program.js';

/** ms until `condition` came true; undefined when it did not within `mostMs`. */
export async function timed(condition: () => boolean | Promise<boolean>, mostMs: number): Promise<number | undefined> {
  const startedAt = performance.now();
  return (await until(condition, mostMs)) ? performance.now() - startedAt : undefined;
}
