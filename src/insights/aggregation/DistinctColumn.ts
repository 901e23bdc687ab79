/** Which values a tag has among the series of many cells. */
export class DistinctColumn {
  /** By series: the number of its value of the tag; below 0 where it has none. */
  readonly #valueOf: Int32Array;
  readonly #seen: (Set<number> | undefined)[];

  constructor(cells: number, valueOf: Int32Array) {
    this.#valueOf = valueOf;
    this.#seen = Array.from({ length: cells });
  }

  add(cell: number, series: number): void {
    const value = this.#valueOf[series]!;
    if (value >= 0) (this.#seen[cell] ??= new Set()).add(value);
  }

  result(cell: number): number {
    return this.#seen[cell]?.size ?? 0;
  }
}
