/** Microseconds of the machine's monotonic clock: the same in every process, so stamps of two processes can be compared. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
