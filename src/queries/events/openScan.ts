import { Breath } from '../../storage/Breath.js';
import { Budget, type BudgetOptions } from './Budget.js';
import type { EventQueryContext } from './EventQueryContext.js';
import type { EventScan } from './EventScan.js';
import type { ParsedFilter } from './filter/parseFilter.js';
import type { Position } from './Position.js';
import type { ScanContext } from './ScanContext.js';

export interface ScanOptions {
  readonly type: string;
  readonly startTime?: number | undefined;
  readonly endTime?: number | undefined;
  readonly budget?: BudgetOptions | undefined;
}

/** A query that starts now: its range is what it asks for, as far as that is kept and not before `after`. */
export function openScan(
  context: EventQueryContext,
  { type, startTime = -Infinity, endTime = Infinity, budget = {} }: ScanOptions,
  order: 'asc' | 'desc',
  filter: ParsedFilter | undefined,
  after?: Position,
): ScanContext {
  const lower = Math.max(startTime, context.oldestKept(type), order === 'asc' && after !== undefined ? after.time : -Infinity);
  const upper = Math.min(endTime, order === 'desc' && after !== undefined ? after.time : Infinity);
  const scan: EventScan = { type, lower, upper, order, predicate: filter?.predicate, after };
  return { source: context.reader, scan, budget: new Budget(budget, context.budgetMs), breath: new Breath(), trace: context.trace };
}
