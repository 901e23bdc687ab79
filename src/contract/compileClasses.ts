import { ANY_MEMBER, dataClasses, dataLabels, undeclaredClass, undeclaredPolicies, type ClassTree, type DataClass, type Declaration, type MemberClass, type TypeClasses } from './dataClasses.js';

/** Levels of a declaration; deeper data takes the class of what is above it. */
const MAX_DEPTH = 16;
const MAX_TERMS = 1024;

const UNDECLARED: MemberClass = Object.freeze({ class: undeclaredClass, by: 'nobody', isTree: false, names: [], member: () => UNDECLARED });

/** Makes a declaration quick to ask. It has to be sound: see `problemsOfDeclaration`. */
export function compileClasses({ classes = {}, undeclared = 'accept', freeText = 'accept', terms = [], labels = [] }: Declaration): TypeClasses {
  return Object.freeze({
    properties: rootOf(classes.properties),
    metadata: rootOf(classes.metadata),
    undeclared,
    freeText,
    terms: new Set(terms),
    labels: new Set(labels),
  });
}

function rootOf(given: DataClass | ClassTree | undefined): MemberClass {
  return placeOf(typeof given === 'string' ? { [ANY_MEMBER]: given } : (given ?? {}), 'name');
}

function placeOf(given: DataClass | ClassTree, by: 'name' | 'wildcard'): MemberClass {
  if (typeof given === 'string') {
    const leaf: MemberClass = Object.freeze({ class: given, by, isTree: false, names: [], member: () => leaf });
    return leaf;
  }
  const members = new Map(
    Object.entries(given).flatMap(([key, below]) => (key === ANY_MEMBER || below === undefined ? [] : [[key, placeOf(below, 'name')] as const])),
  );
  const wildcard = given[ANY_MEMBER];
  const others = wildcard === undefined ? UNDECLARED : placeOf(wildcard, 'wildcard');
  return Object.freeze({ class: undeclaredClass, by: 'nobody', isTree: true, names: [...members.keys()], member: (key: string) => members.get(key) ?? others });
}

/** @returns what is wrong with a declaration from JavaScript: its place, what was given and what is allowed */
export function problemsOfDeclaration(given: Declaration): [path: string, given: string, allowed: string][] {
  const problems: [string, string, string][] = [];
  const { classes, undeclared, freeText, terms, labels } = given;
  if (classes !== undefined) {
    for (const [field, tree] of Object.entries(classes)) {
      if (field !== 'properties' && field !== 'metadata') problems.push(['classes', 'a member that is neither', 'properties, metadata']);
      else if (tree !== undefined) checkTree(tree, `classes.${field}`, 1, problems);
    }
  }
  if (undeclared !== undefined && !undeclaredPolicies.includes(undeclared)) problems.push(['undeclared', typeof undeclared, undeclaredPolicies.join(', ')]);
  if (freeText !== undefined && freeText !== 'accept' && freeText !== 'refuse') problems.push(['freeText', typeof freeText, 'accept, refuse']);
  if (terms !== undefined && !(Array.isArray(terms) && terms.length <= MAX_TERMS && terms.every((term) => typeof term === 'string'))) {
    problems.push(['terms', typeof terms, `at most ${MAX_TERMS} texts`]);
  }
  if (labels !== undefined && !(Array.isArray(labels) && labels.every((label) => dataLabels.includes(label)))) {
    problems.push(['labels', typeof labels, `a list of ${dataLabels.join(', ')}`]);
  }
  return problems;
}

const names: readonly unknown[] = dataClasses;

function checkTree(tree: unknown, path: string, depth: number, problems: [string, string, string][]): void {
  if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) {
    if (depth > MAX_DEPTH) problems.push([path, `more than ${MAX_DEPTH} levels`, `${MAX_DEPTH} levels`]);
    else for (const [key, below] of Object.entries(tree)) if (below !== undefined) checkTree(below, `${path}.${key}`, depth + 1, problems);
  } else if (!names.includes(tree)) {
    problems.push([path, typeof tree === 'string' ? 'another word' : typeof tree, `${dataClasses.join(', ')}, or an object of these`]);
  }
}
