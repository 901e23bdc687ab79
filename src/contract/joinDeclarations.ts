import type { FieldIssue } from '../errors/ValidationError.js';
import { undeclaredPolicies, type ClassTree, type DataClass, type Declaration } from './dataClasses.js';

type Part = DataClass | ClassTree | undefined;

/**
 * What two declarations say together. The later one's classes hold where both name a member; of policies the stricter.
 * @param issues given, takes each member that the two give different classes: then the two must not contradict
 */
export function joinDeclarations(first: Declaration, second: Declaration, issues?: FieldIssue[]): Declaration {
  const undeclared = stricter(first.undeclared, second.undeclared);
  return {
    classes: {
      ...joined('properties', first.classes?.properties, second.classes?.properties, issues),
      ...joined('metadata', first.classes?.metadata, second.classes?.metadata, issues),
    },
    ...(undeclared !== undefined && { undeclared }),
    freeText: first.freeText === 'refuse' || second.freeText === 'refuse' ? 'refuse' : 'accept',
    terms: [...new Set([...(first.terms ?? []), ...(second.terms ?? [])])],
    labels: [...new Set([...(first.labels ?? []), ...(second.labels ?? [])])],
  };
}

function stricter(one: Declaration['undeclared'], other: Declaration['undeclared']): Declaration['undeclared'] {
  const rank = Math.max(...[one, other].map((policy) => (policy === undefined ? -1 : undeclaredPolicies.indexOf(policy))));
  return undeclaredPolicies[rank];
}

function joined(field: 'properties' | 'metadata', first: Part, second: Part, issues: FieldIssue[] | undefined): Record<string, Part> {
  const tree = joinTrees(`classes.${field}`, asTree(first), asTree(second), issues);
  return tree === undefined ? {} : { [field]: tree };
}

/** A class for all of `properties` is that of whatever member. */
function asTree(part: Part): ClassTree | undefined {
  return typeof part === 'string' ? { '*': part } : part;
}

function joinTrees(path: string, first: Part, second: Part, issues: FieldIssue[] | undefined): Part {
  if (first === undefined || second === undefined) return second ?? first;
  if (typeof first === 'string' || typeof second === 'string') {
    if (first !== second) issues?.push({ path, given: 'another class than before', allowed: 'one class per member' });
    return second;
  }
  const keys = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries([...keys].map((key) => [key, joinTrees(`${path}.${key}`, first[key], second[key], issues)]));
}
