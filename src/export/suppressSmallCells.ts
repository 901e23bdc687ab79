import type { Combination } from './RowTable.js';

/** What is suppressed of the rows that agree in some of their fields. */
interface Remainder {
  readonly people: Set<number>;
  /** The kept combination with the fewest rows, which would have to go next. */
  smallest: number | undefined;
}

/**
 * Which combinations may be told: those of at least `minimum` people, less those that have to go with them. Whoever knows how
 * many rows there are in all, or of some value, could take away what is told and so learn of what is not. So in every
 * grouping by some of the fields, what is suppressed of a group is of nobody, or of at least `minimum` people together.
 *
 * A group of kept combinations is of at least as many people as one of them, whichever fields it is made by.
 *
 * @returns for each combination whether it is kept
 */
export function suppressSmallCells(combinations: readonly Combination[], minimum: number): boolean[] {
  const isKept = combinations.map(({ people }) => people.size >= minimum);
  const fields = combinations[0]?.cells.length ?? 0;
  for (let hasChanged = isKept.includes(false); hasChanged; ) {
    hasChanged = false;
    for (let grouping = 0; grouping < 2 ** fields; grouping += 1) {
      for (const { people, smallest } of remaindersOf(combinations, isKept, grouping, minimum)) {
        if (people.size === 0 || people.size >= minimum || smallest === undefined) continue;
        isKept[smallest] = false;
        hasChanged = true;
      }
    }
  }
  return isKept;
}

/** @param grouping a bit for each field that the groups agree in */
function remaindersOf(combinations: readonly Combination[], isKept: readonly boolean[], grouping: number, minimum: number): Iterable<Remainder> {
  const groups = new Map<string, Remainder>();
  for (const [place, { cells, rows, people }] of combinations.entries()) {
    const name = JSON.stringify(cells.filter((_, field) => (grouping >> field) % 2 === 1));
    let group = groups.get(name);
    if (group === undefined) {
      group = { people: new Set(), smallest: undefined };
      groups.set(name, group);
    }
    if (!isKept[place]) {
      for (const person of people) if (group.people.size < minimum) group.people.add(person);
    } else if (group.smallest === undefined || rows < combinations[group.smallest]!.rows) group.smallest = place;
  }
  return groups.values();
}
