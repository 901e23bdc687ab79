/**
 * Does something again and again, once at least. Contestants are warmed up for the same time each, not by the same number: what
 * serves for days has long been compiled, and an event a job compiles less code in a second than it takes a second to run.
 */
export async function forTime(ms: number, once: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + ms;
  do await once();
  while (performance.now() < until);
}
