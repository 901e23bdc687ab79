/**
 * What a member of an event is: `public` and `internal` tell nothing of a person, `pii` identifies one, `phi` tells of
 * somebody's health or care, `secret` opens something and never leaves the caller's process.
 */
export const dataClasses = ['public', 'internal', 'pii', 'phi', 'secret'] as const;
export type DataClass = (typeof dataClasses)[number];

/** What a member counts as that nobody has declared. */
export const undeclaredClass: DataClass = 'phi';

/** What becomes of members that are not declared, the mildest first. The stricter of the type's and the service's holds. */
export const undeclaredPolicies = ['accept', 'drop', 'refuse'] as const;
export type UndeclaredPolicy = (typeof undeclaredPolicies)[number];

/**
 * Laws that protect all events of a type beyond their classes. `part2`: records of treatment for substance use (42 CFR
 * Part 2). `psychotherapy_notes`: 45 CFR 164.501. Whoever reads or exports such a type has to be allowed to by name.
 */
export const dataLabels = ['part2', 'psychotherapy_notes'] as const;
export type DataLabel = (typeof dataLabels)[number];

/** Stands for every member that is not named: `{ answers: { '*': 'phi' } }`. */
export const ANY_MEMBER = '*';

/**
 * The class of each member by its key. A class holds for everything below it; the items of an array have the class of
 * the array.
 */
export interface ClassTree {
  readonly [member: string]: DataClass | ClassTree | undefined;
}

/** The declarations that fit data of a `Shape`: a member that the shape does not have is an error at compile time. */
export type ClassesFor<Shape> = unknown extends Shape
  ? DataClass | ClassTree
  : NonNullable<Shape> extends readonly (infer Item)[]
    ? ClassesFor<Item>
    : NonNullable<Shape> extends object
      ? DataClass | TreeFor<NonNullable<Shape>>
      : DataClass;

type TreeFor<Shape> = Shape extends unknown
  ? string extends keyof Shape
    ? ClassTree
    : { readonly [Member in keyof Shape]?: ClassesFor<Shape[Member]> } & { readonly [ANY_MEMBER]?: DataClass | ClassTree }
  : never;

/** What a type declares of its members. */
export interface Declaration<Properties = ClassTree, Metadata = ClassTree> {
  /** The class of each member of `properties` and `metadata`. What is not named counts as `phi`. */
  readonly classes?: { readonly properties?: DataClass | Properties; readonly metadata?: DataClass | Metadata };
  /** What becomes of members that `classes` does not name, unless the service is stricter. Default: `accept`. */
  readonly undeclared?: UndeclaredPolicy;
  /** `refuse`: a text in `properties` that is more than a term refuses the event. Default: `accept`. */
  readonly freeText?: 'accept' | 'refuse';
  /** Texts that count as terms, whatever they look like: `['cognitive behavioural therapy']`. Default: none. */
  readonly terms?: readonly string[];
  /** Default: none. */
  readonly labels?: readonly DataLabel[];
}

/** A place in an event's `properties` or `metadata`, and what was declared of it. */
export interface MemberClass {
  /** Of a value here that is no object. */
  readonly class: DataClass;
  /** Who says so: the member's own name or one above it, the wildcard, or nobody. */
  readonly by: 'name' | 'wildcard' | 'nobody';
  /** Whether it was declared member by member: an object belongs here, and a value that is none is declared by nobody. */
  readonly isTree: boolean;
  /** The members that were declared by name. */
  readonly names: readonly string[];
  member(key: string): MemberClass;
}

/** All that is declared of a type. */
export interface TypeClasses {
  readonly properties: MemberClass;
  readonly metadata: MemberClass;
  readonly undeclared: UndeclaredPolicy;
  readonly freeText: 'accept' | 'refuse';
  readonly terms: ReadonlySet<string>;
  readonly labels: ReadonlySet<DataLabel>;
}

/** The classes of an event's own fields. The time is needed to order events; an export without identifiers coarsens it. */
export const fieldClasses = {
  id: 'internal',
  type: 'internal',
  priority: 'internal',
  timestamp: 'internal',
  userId: 'pii',
  sessionId: 'pii',
} as const satisfies Record<string, DataClass>;
