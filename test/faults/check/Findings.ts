/** One thing that must not be: which event or count, and what happened to it. */
export interface Finding {
  readonly id: string;
  readonly what: string;
}

/** Kinds of things that must not be. */
export const findingKinds = [
  'lost',
  'duplicated',
  'unexpected',
  'altered',
  'refusedButStored',
  'miscounted',
  'sockets',
  'late',
  'hung',
  'orphans',
  'failedJobs',
  'leaked',
] as const;
export type FindingKind = (typeof findingKinds)[number];

const MOST_KEPT = 50;

/** What a check has found: all are counted, and the first of each kind are kept. */
export class Findings {
  readonly #counts = new Map<FindingKind, number>();
  readonly #kept = new Map<FindingKind, Finding[]>();

  add(kind: FindingKind, id: string, what: string): void {
    this.#counts.set(kind, this.count(kind) + 1);
    const kept = this.#kept.get(kind) ?? [];
    this.#kept.set(kind, kept);
    if (kept.length < MOST_KEPT) kept.push({ id, what });
  }

  count(kind: FindingKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  of(kind: FindingKind): readonly Finding[] {
    return this.#kept.get(kind) ?? [];
  }

  get isClean(): boolean {
    return this.#counts.size === 0;
  }
}
