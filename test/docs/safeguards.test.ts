import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

const page = readFileSync(new URL('../../docs/safeguards.md', import.meta.url), 'utf8');

/** Each test that the page names: its file, and its words. */
function named(): { readonly file: string; readonly name: string }[] {
  return [...page.matchAll(/\]\(\.\.\/(test\/[^)]+)\): ((?:“[^”]+”(?:, )?)+)/g)].flatMap(([, file, names]) =>
    [...names!.matchAll(/“([^”]+)”/g)].map(([, name]) => ({ file: file!, name: name! })),
  );
}

describe('docs/safeguards.md', () => {
  it('names tests that there are', () => {
    const tests = named();
    expect(tests.length).toBeGreaterThan(25);
    const wrong = tests.filter(({ file, name }) => !readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').includes(name));
    expect(wrong).toEqual([]);
  });

  it('proves each of its rows', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| rule') && !line.startsWith('| ---'));
    expect(rows.filter((row) => !row.includes('](../test/'))).toEqual([]);
  });
});
