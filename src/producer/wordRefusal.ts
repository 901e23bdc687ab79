import type { Refusal } from '../security/guard/Guard.js';

/** Says why a member was refused, by kind and never by value. */
export function wordRefusal({ refused, because }: Refusal): { readonly given: string; readonly allowed: string } {
  switch (because) {
    case 'undeclared':
      return { given: 'a member that its type does not declare', allowed: 'the members that it declares (classes of defineEventType or declareClasses)' };
    case 'free_text':
      return { given: 'free text', allowed: 'terms of at most four words without spaces, or those that the type declares (terms)' };
    case 'secret':
      return { given: 'a member that its type declares as secret', allowed: 'events without it' };
    default:
      return { given: `what looks like a direct identifier (${refused})`, allowed: 'data without direct identifiers' };
  }
}
