import type { Actor, Operation } from '../contract/access.js';

/** What an actor was allowed: the operation, about whom, and how much of it is shown. */
export interface Grant {
  readonly actor: Actor;
  readonly operation: Operation;
  /** The users whose data it is about; `all` also holds for what belongs to nobody. */
  readonly owners: 'all' | ReadonlySet<string>;
  /** Whether only what does not identify a person is shown. */
  readonly isDeidentified: boolean;
}
