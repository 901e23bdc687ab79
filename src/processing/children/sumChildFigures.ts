import type { ChildFigures } from '../../monitoring/childFigures.js';
import type { PoolFigures } from './ChildPoolOptions.js';

/** The figures of a process's pools, for its heartbeat. */
export function sumChildFigures(pools: readonly PoolFigures[]): ChildFigures {
  const sum = (name: keyof PoolFigures): number => pools.reduce((total, pool) => total + pool[name], 0);
  return {
    childrenStarted: sum('started'),
    childrenCrashed: sum('crashed'),
    childrenKilled: sum('killed'),
    childrenRecycled: sum('recycled'),
    childrenAlive: sum('alive'),
    childrenMemory: sum('memory'),
  };
}
