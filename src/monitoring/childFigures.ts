/** What a processing role tells of the children of its workers, beside `ProcessingFigures`. */
export interface ChildFigures {
  /** Counter: children that got as far as to take jobs. */
  readonly childrenStarted: number;
  /** Counter: children that ended by themselves, or by the hand of another. */
  readonly childrenCrashed: number;
  /** Counter: children that were killed because their job did not end. */
  readonly childrenKilled: number;
  /** Counter: children that were replaced, being old or large. */
  readonly childrenRecycled: number;
  /** Gauge: children. */
  readonly childrenAlive: number;
  /** Gauge: their resident memory as they last told it, bytes. */
  readonly childrenMemory: number;
}
