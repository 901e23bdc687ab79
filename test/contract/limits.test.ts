import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { limits } from '../../src/contract/limits.js';

test('the documentation states every limit as it is', () => {
  const page = readFileSync('docs/validation.md', 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, name, value]) => [name, Number(value)]);
  expect(Object.fromEntries(documented)).toEqual(limits);
});
