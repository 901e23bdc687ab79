import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

import { findGaps } from './threatModel/findGaps.js';
import { readInventory, type Listing } from './threatModel/readInventory.js';

const folder = new URL('../../docs/', import.meta.url);
const page = readFileSync(new URL('threat-model.md', folder), 'utf8');

let inventory: readonly Listing[];
beforeAll(async () => {
  inventory = await readInventory();
});

const gaps = (text = page, listings = inventory): string[] => findGaps(text, folder, listings);

describe('docs/threat-model.md', () => {
  it('names every process, key, port, route, message, log stream, command, file and secret of the code, and no others', () => {
    expect(gaps()).toEqual([]);
  });

  it('is held against lists that are not empty, Bull Board’s routes among them', () => {
    expect(inventory.filter(({ names }) => names.length === 0)).toEqual([]);
    const namesOf = (section: string) => inventory.find((listing) => listing.section === section)?.names;
    expect(namesOf('Routes of the board')).toEqual(expect.arrayContaining(['POST /sign-in', 'POST /api/dead-letters/open', 'PUT /queues/api/queues/:queueName/obliterate', 'GET /assets/*']));
    expect(namesOf('Keys in Redis')).toEqual(expect.arrayContaining(['analytics:events:processed:*', 'analytics:queues:maintenance:*', 'analytics:audit:tail:*']));
    expect(namesOf('Commands')).toEqual(expect.arrayContaining(['keys destroy', 'replay']));
  });
});

describe('the check', () => {
  it('finds whatever the code has and the page has not, and says where it is and what to add', () => {
    for (const { section, names, from, ...rest } of inventory) {
      const more = inventory.map((listing) => (listing.section === section ? { ...rest, section, from, names: [...names, 'analytics:new:thing'] } : listing));
      expect(gaps(page, more)).toEqual([expect.stringMatching(new RegExp(`^"${section}" has no row for analytics:new:thing, which is in ${from.replaceAll(/[.*]/g, '\\$&')}\\. Add one: .*remains`))]);
    }
  });

  it('finds each row of something that the code has no more', () => {
    for (const { section, names, from, ...rest } of inventory) {
      const [gone = '', ...others] = names;
      const less = inventory.map((listing) => (listing.section === section ? { ...rest, section, from, names: others } : listing));
      expect(gaps(page, less)).toEqual([`"${section}" has a row for ${gone}, which is not in ${from}. Take it out, or correct its name.`]);
    }
  });

  it('finds wrong users of Redis, empty cells, unknown adversaries, rows that come twice, and links and tests that are not there', () => {
    const row = page.split('\n').find((line) => line.startsWith('| `analytics:keys:uses`'))!;
    const spoilt = (change: (line: string) => string): string[] => gaps(page.replace(row, change(row)));
    expect(spoilt((line) => line.replace('worker, ', 'producer, worker, '))).toEqual([expect.stringContaining('may be reached by the Redis users "producer, worker')]);
    expect(spoilt((line) => line.replace('clear: counts', ''))).toEqual([expect.stringContaining('says nothing of "form"')]);
    expect(spoilt((line) => line.replace('| W |', '| W, Z |'))).toEqual([expect.stringContaining('threatened by "Z"')]);
    expect(spoilt((line) => `${line}\n${line}`)).toEqual(['"Keys in Redis" has analytics:keys:uses twice. Leave one of them.']);
    expect(spoilt((line) => line.replace('keyList.test.ts)', 'keyLists.test.ts)'))).toEqual(['It links to ../test/security/keyLists.test.ts, which is not there.']);
    expect(spoilt((line) => line.replace('“ends when', '“ended when'))).toEqual([expect.stringContaining('which has none of that name')]);
    expect(gaps(page.replace('## Ports', '## Harbours'))).toEqual([expect.stringContaining('There is no table below "## Ports"')]);
  });
});
