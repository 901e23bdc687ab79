import type { Fingerprints } from '../security/Fingerprints.js';
import { networkOf } from './networkOf.js';

/** Where people and programs sign in. Each counts by itself: a scraper whose token expired must not keep people out. */
export const doors = ['board', 'metrics', 'http', 'socket'] as const;
export type Door = (typeof doors)[number];

/** Who is counted: where a request came from, or the person whose credential it was. */
export type FailureKind = 'address' | 'person';

/** What stands for an address or a person at a door: 22 characters, which say nothing without the key. In clear where there is none: in the process's own memory. */
export function failureMark(fingerprints: Pick<Fingerprints, 'failure'> | undefined, door: Door, kind: FailureKind, value: string): string {
  const text = `${door}|${kind}|${kind === 'address' ? networkOf(value) : value}`;
  return fingerprints?.failure(text).toString('base64url') ?? text;
}
