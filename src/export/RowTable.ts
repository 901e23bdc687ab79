import { BudgetError } from '../errors/BudgetError.js';
import { ValidationError } from '../errors/ValidationError.js';
import type { Cell } from './coarsen.js';

/** 80 MB, and twice that while it grows. */
const MOST_ROWS = 10_000_000;
const MOST_PEOPLE = 2_000_000;
const MOST_COMBINATIONS = 100_000;

/** Rows that are the same in all that is exported of them. */
export interface Combination {
  readonly cells: readonly Cell[];
  rows: number;
  /** Different people in it, as far as they are counted: up to the minimum. */
  readonly people: Set<number>;
}

/**
 * What is to be exported, 8 bytes a row: which combination of values it has, and whose it is, as a number that is forgotten with
 * this table.
 */
export class RowTable {
  readonly combinations: Combination[] = [];
  readonly #minimum: number;
  readonly #byCells = new Map<string, number>();
  readonly #people = new Map<string, number>();
  #nobodies = 0;
  #combinationOf = new Uint32Array(1024);
  #personOf = new Uint32Array(1024);
  #rows = 0;

  /** @param minimum people who are counted of a combination */
  constructor(minimum: number) {
    this.#minimum = minimum;
  }

  get rows(): number {
    return this.#rows;
  }

  /** People that have a number. */
  get people(): number {
    return this.#people.size;
  }

  /** @param person whose it is; undefined for nobody's, who count one by one. @throws BudgetError; ValidationError when the values differ too much */
  add(cells: readonly Cell[], person: string | undefined): void {
    if (this.#rows === MOST_ROWS || this.#people.size === MOST_PEOPLE) throw new BudgetError('exportDeidentified', 'events', this.#rows);
    const place = this.#placeOf(cells);
    const number = this.#numberOf(person);
    const combination = this.combinations[place]!; // it was found or made just now
    combination.rows += 1;
    if (combination.people.size < this.#minimum) combination.people.add(number);
    if (this.#rows === this.#combinationOf.length) this.#grow();
    this.#combinationOf[this.#rows] = place;
    this.#personOf[this.#rows] = number;
    this.#rows += 1;
  }

  combinationOf(row: number): number {
    return this.#combinationOf[row]!;
  }

  /** The person's number, below `people`; undefined for a row of nobody. */
  personOf(row: number): number | undefined {
    const number = this.#personOf[row]!;
    return number < this.#people.size ? number : undefined;
  }

  /** Puts the rows in another order. @param below gives a random whole number below another */
  shuffle(below: (bound: number) => number): void {
    for (let row = this.#rows - 1; row > 0; row -= 1) {
      const other = below(row + 1);
      swap(this.#combinationOf, row, other);
      swap(this.#personOf, row, other);
    }
  }

  #placeOf(cells: readonly Cell[]): number {
    const name = JSON.stringify(cells);
    let place = this.#byCells.get(name);
    if (place === undefined) {
      place = this.combinations.length;
      if (place === MOST_COMBINATIONS) {
        const given = `values of which there are more than ${MOST_COMBINATIONS} combinations`;
        throw new ValidationError('de-identified export', [{ path: 'fields', given, allowed: 'fewer fields, or such that many people share a value' }]);
      }
      this.#byCells.set(name, place);
      this.combinations.push({ cells, rows: 0, people: new Set() });
    }
    return place;
  }

  #numberOf(person: string | undefined): number {
    // From the other end, so that the two never meet.
    if (person === undefined) return 0xffff_ffff - this.#nobodies++;
    let number = this.#people.get(person);
    if (number === undefined) {
      number = this.#people.size;
      this.#people.set(person, number);
    }
    return number;
  }

  #grow(): void {
    const [combinations, people] = [this.#combinationOf, this.#personOf];
    this.#combinationOf = new Uint32Array(combinations.length * 2);
    this.#combinationOf.set(combinations);
    this.#personOf = new Uint32Array(people.length * 2);
    this.#personOf.set(people);
  }
}

function swap(list: Uint32Array, one: number, other: number): void {
  const kept = list[one]!;
  list[one] = list[other]!;
  list[other] = kept;
}
