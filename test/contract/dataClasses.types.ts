/** Checked by the compiler, never run: declarations are held against the type's schema. */
import { z } from 'zod';
import { createEventTypes } from '../../src/contract/eventTypes.js';

const types = createEventTypes();
const schema = z.object({
  score: z.number(),
  note: z.string().optional(),
  device: z.object({ id: z.string(), model: z.string() }),
  answers: z.array(z.object({ text: z.string() })),
  extra: z.record(z.string(), z.number()),
});

types.define('declared', {
  schema,
  classes: {
    properties: { score: 'phi', note: 'phi', device: { id: 'pii', '*': 'internal' }, answers: { text: 'phi' }, extra: { '*': 'internal' } },
    metadata: { browser: 'internal', device: { '*': 'pii' } },
  },
});
types.define('by_whole', { schema, classes: { properties: 'phi' } });
types.define('partly', { schema, classes: { properties: { device: 'pii' } }, labels: ['part2'] });
types.define('without_schema', { classes: { properties: { anything: { at: { all: 'internal' } } } } });

// @ts-expect-error a member that the schema does not have
types.define('a', { schema, classes: { properties: { mood: 'phi' } } });
// @ts-expect-error a member of a member that the schema does not have
types.define('b', { schema, classes: { properties: { device: { serial: 'pii' } } } });
// @ts-expect-error no class
types.define('c', { schema, classes: { properties: { score: 'private' } } });
// @ts-expect-error a number has no members
types.define('d', { schema, classes: { properties: { score: { value: 'phi' } } } });
// @ts-expect-error no label
types.define('e', { labels: ['part3'] });
// @ts-expect-error no policy
types.declare('therapy_session', { undeclared: 'ignore' });
