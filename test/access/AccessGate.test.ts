import { expect, test } from '@jest/globals';

import { application } from '../../src/access/Principal.js';
import { openAccess } from '../support/access.js';

const request = { operation: 'events.read', series: 'page_view' } as const;
const told = { count: 2, subjects: ['ann', 'bob'] };

test('what is told early is recorded once, and is not told again at the end', async () => {
  const { gate, entries } = openAccess();
  const answer = await gate.read(application, request, async (_grant, tell) => {
    tell(told);
    await Promise.resolve();
    expect(entries).toHaveLength(1);
    return { answer: 'page', told };
  });
  expect(answer).toBe('page');
  expect(entries).toEqual([expect.objectContaining({ ...request, ...told, outcome: 'allowed' })]);
});

test('nothing is given out that was told early and could not be recorded', async () => {
  const access = openAccess();
  access.takeDown();
  const read = access.gate.read(application, request, async (_grant, tell) => {
    tell(told);
    await new Promise((resolve) => setImmediate(resolve));
    return { answer: 'page', told };
  });
  await expect(read).rejects.toThrow('the audit log is away');
});

test('work that fails after it told has its own error, whatever became of the record', async () => {
  const access = openAccess();
  access.takeDown();
  const read = access.gate.read(application, request, async (_grant, tell) => {
    tell(told);
    await new Promise((resolve) => setImmediate(resolve));
    throw new RangeError('a chunk is broken');
  });
  await expect(read).rejects.toThrow('a chunk is broken');
});
