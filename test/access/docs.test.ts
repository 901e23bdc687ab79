import { readFileSync } from 'node:fs';

import { expect, it } from '@jest/globals';

import { policy } from '../../src/access/policy.js';
import { operations, roles } from '../../src/contract/access.js';

it('docs/access.md has the policy, cell by cell', () => {
  const page = readFileSync('docs/access.md', 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `[a-z]+\.[a-z]+` /.test(line));
  const written = Object.fromEntries(
    rows.map((line) => {
      const [operation, ...cells] = line.split('|').slice(1, -1).map((cell) => cell.trim());
      return [operation!.replaceAll('`', ''), Object.fromEntries(cells.flatMap((cell, place) => (cell === '' ? [] : [[roles[place], cell]])))];
    }),
  );
  expect(Object.keys(written).toSorted()).toEqual([...operations].toSorted());
  expect(written).toEqual(policy);
});
