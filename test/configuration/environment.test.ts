import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { describe, expect, it } from '@jest/globals';

import { environmentSchema } from '../../src/config/environment.js';

const page = readFileSync('docs/configuration.md', 'utf8');
/** Rows whose first column is a variable: its name, and its default as it is written. */
const documented = [...page.matchAll(/^\| `([A-Z_]+)` \| ([^|]+?) \|/gm)].map(([, name = '', text = '']) => [name, text] as const);

/** A default as the page writes it. */
function written(value: unknown): string {
  if (value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)) return 'none';
  const text = typeof value === 'object' ? Object.entries(value ?? {}).map(([name, days]) => `${name}=${String(days)}`).join() : String(value);
  return `\`${text}\``;
}

describe('docs/configuration.md', () => {
  it('lists the variables of the schema, each once, and no others', () => {
    expect(documented.map(([name]) => name).toSorted()).toEqual(Object.keys(environmentSchema.shape).toSorted());
  });

  it('tells the defaults that an empty environment gets', () => {
    const defaults = environmentSchema.parse({});
    const expected = Object.entries(defaults).map(([name, value]) => [name, written(value)]);
    const all = Object.fromEntries([...Object.keys(environmentSchema.shape).map((name) => [name, 'none']), ...expected]);
    expect({ ...Object.fromEntries(documented), ANALYTICS_CONCURRENCY: '' }).toEqual({ ...all, ANALYTICS_CONCURRENCY: '' });
    expect(Object.fromEntries(documented)['ANALYTICS_CONCURRENCY']).toBe('number of cores');
    expect(defaults.ANALYTICS_CONCURRENCY).toBe(availableParallelism());
  });

  it('names every variable that the pm2 file reads', () => {
    const read = readFileSync('ecosystem.config.js', 'utf8').match(/(?<=process\.env\.)[A-Z_]+/g) ?? [];
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
