import { randomBytes } from 'node:crypto';

import type { EventQueryContext } from '../../../src/queries/events/EventQueryContext.js';
import { Fingerprints } from '../../../src/security/Fingerprints.js';
import type { MemoryStore } from './memoryStore.js';

/** What queries of the events in memory need. */
export function memoryContext(store: MemoryStore, oldest: { kept: number } = { kept: -Infinity }, deepOffset?: number): EventQueryContext {
  return {
    reader: store,
    seenMarks: { find: async (questions) => Promise.resolve(questions.map(() => undefined)) },
    fingerprints: new Fingerprints(randomBytes(32)),
    typeNames: () => [store.type],
    isKnownType: (type) => type === store.type,
    oldestKept: () => oldest.kept,
    budgetMs: 60_000,
    deepOffset,
  };
}
