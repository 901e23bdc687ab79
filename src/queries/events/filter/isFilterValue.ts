import { limits } from '../../../contract/limits.js';
import type { FilterValue } from './EventFilter.js';

/** Whether a condition may compare with it. */
export function isFilterValue(given: unknown): given is FilterValue {
  switch (typeof given) {
    case 'string':
      return given.length <= limits.filterTextLength;
    case 'number':
      return Number.isFinite(given);
    case 'boolean':
      return true;
    default:
      return given === null;
  }
}
