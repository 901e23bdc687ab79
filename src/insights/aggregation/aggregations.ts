import { ValidationError, type FieldIssue } from '../../errors/ValidationError.js';
import { parseAggregation } from './aggregation.js';

/** An aggregation of one's own: how samples of a bucket become one number. */
export interface AggregationDefinition<State> {
  /** The state before any sample. Called for every series and bucket: make a new one each time. */
  initial(): State;
  /** The state with one more sample. Samples of one series come oldest first. `state` may be changed and returned. */
  add(state: State, value: number, time: number): State;
  /** Joins the states of two series, in no order. `one` may be changed and returned. */
  merge(one: State, other: State): State;
  /** The bucket's number; null where there is none. */
  result(state: State): number | null;
}

/** A registry of aggregations. A service takes the one that `defineAggregation` adds to. */
export interface Aggregations {
  get(name: string): AggregationDefinition<unknown> | undefined;
  names(): readonly string[];
  /** @throws ValidationError for a bad or taken name, or a function that is missing */
  define<State, const Name extends string>(name: Name, definition: AggregationDefinition<State>): Name;
}

const FUNCTIONS = ['initial', 'add', 'merge', 'result'] as const;
const NAME = /^[a-z][A-Za-z0-9_]{0,63}$/;
/** What a point has beside its aggregations. */
const RESERVED: ReadonlySet<string> = new Set(['time', 'tags']);

export function createAggregations(): Aggregations {
  const definitions = new Map<string, AggregationDefinition<unknown>>();
  return {
    get: (name) => definitions.get(name),
    names: () => [...definitions.keys()],
    define(name, definition) {
      const issues = problemsOf(name, definition, definitions);
      if (issues.length > 0) throw new ValidationError('definition of an aggregation', issues);
      if (!definitions.has(name)) {
        // A state only ever comes back to the functions that made it.
        definitions.set(name, definition as unknown as AggregationDefinition<unknown>);
      }
      return name;
    },
  };
}

const aggregations = createAggregations();

/** The registry of `defineAggregation`. */
export const definedAggregations: Aggregations = aggregations;

/**
 * Adds an aggregation that `aggregateMetrics` then takes by its name. It is computed from raw samples, each time.
 *
 * @param name a letter from a to z, then letters, digits or "_", at most 64; no built-in name
 * @returns the name
 * @throws ValidationError when the name is bad, or was defined with other functions
 */
export function defineAggregation<State, const Name extends string>(name: Name, definition: AggregationDefinition<State>): Name {
  return aggregations.define(name, definition);
}

function problemsOf(name: unknown, definition: unknown, known: ReadonlyMap<string, AggregationDefinition<unknown>>): FieldIssue[] {
  const issues: FieldIssue[] = [];
  if (typeof definition !== 'object' || definition === null) {
    return [{ path: 'definition', given: definition === null ? 'null' : typeof definition, allowed: 'an object of the functions initial, add, merge and result' }];
  }
  const given = definition as Readonly<Record<string, unknown>>; // read as unknown only
  for (const key of FUNCTIONS) if (typeof given[key] !== 'function') issues.push({ path: key, given: typeof given[key], allowed: 'a function' });
  if (typeof name !== 'string' || !NAME.test(name)) {
    issues.push({ path: 'name', given: typeof name === 'string' ? 'another string' : typeof name, allowed: '[a-z][A-Za-z0-9_]*, at most 64 characters' });
  } else if (parseAggregation(name) !== undefined || RESERVED.has(name) || name in Object.prototype) {
    issues.push({ path: 'name', given: 'a name that is taken', allowed: 'a name that is not built in' });
  } else if (issues.length === 0) {
    const before = known.get(name);
    // Of one text, since a module that is loaded anew has the same functions once more.
    if (before !== undefined && !FUNCTIONS.every((key) => before[key] === given[key] || String(before[key]) === String(given[key]))) {
      issues.push({ path: 'name', given: 'a name with other functions than before', allowed: 'one definition per name' });
    }
  }
  return issues;
}
