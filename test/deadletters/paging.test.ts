import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { queueTitles } from '../../queues/names.js';
import type { DeadLetter } from '../../src/deadletters/DeadLetter.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { Letterbox } from './Letterbox.js';

let server: TestRedis;
let box: Letterbox;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  box = await Letterbox.open(server);
});
afterEach(async () => {
  await box.close();
});

async function readAll(options: Parameters<Letterbox['deadLetters']['list']>[0], between: () => Promise<unknown> = async () => undefined): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 1000; pages += 1) {
    const page = await box.deadLetters.list({ ...options, ...(cursor !== undefined && { cursor }) });
    found.push(...page.deadLetters);
    cursor = page.cursor;
    if (cursor === undefined) return found;
    await between();
  }
  throw new Error('The pages did not end.');
}

const nameOf = ({ queue, id }: Pick<DeadLetter, 'queue' | 'id'>) => `${queue} ${id}`;
const reasons = ['SEAL_BROKEN: x', 'INTERNAL: Error', 'job stalled more than allowable limit'];
const codes = ['SEAL_BROKEN', 'INTERNAL', 'STALLED_TOO_OFTEN'] as const;

const letter = fc.record({ queue: fc.constantFrom(...queueTitles), failedAt: fc.integer({ min: 1, max: 6 }), reason: fc.nat(2), id: fc.stringMatching(/^[a-zé0-9:.-]{1,5}$/) });

describe('the list of dead letters', () => {
  test('shows each exactly once, latest first, whatever their times, the pages and the filter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(letter, { maxLength: 30, selector: nameOf }),
        fc.integer({ min: 1, max: 12 }),
        fc.option(fc.constantFrom(...queueTitles), { nil: undefined }),
        fc.option(fc.nat(2), { nil: undefined }),
        async (letters, limit, queue, reason) => {
          await box.redis.flushall();
          for (const { queue: title, ...job } of letters) await box.plant(title, 1, () => ({ ...job, reason: reasons[job.reason]! }));
          const found = await readAll({ limit, ...(queue !== undefined && { queue }), ...(reason !== undefined && { reason: codes[reason]! }) });
          const wanted = letters
            .filter((one) => (queue === undefined || one.queue === queue) && (reason === undefined || one.reason === reason))
            .toSorted((a, b) => b.failedAt - a.failedAt || queueTitles.indexOf(a.queue) - queueTitles.indexOf(b.queue) || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id)));
          expect(found.map(nameOf)).toEqual(wanted.map(nameOf));
          expect(found.map(({ reason: code }) => code)).toEqual(wanted.map((one) => codes[one.reason]));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('shows what is there all the time, though others fail, are retried and dropped between the pages', async () => {
    const kept = await box.plant('events', 300, (place) => ({ failedAt: 1000 + (place % 7) }));
    const leaving = await box.plant('events', 300, (place) => ({ failedAt: 1000 + (place % 7) }));
    let round = 0;
    const found = await readAll({ limit: 37 }, async () => {
      await box.deadLetters.retry(leaving.splice(0, 20));
      await box.deadLetters.drop(leaving.splice(0, 1), { reason: 'test' });
      round += 1;
      await box.plant('events', 5, () => ({ failedAt: 2000 + round }));
    });
    const ids = found.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(kept));
  });

  test('goes through a thousand of one millisecond', async () => {
    const ids = await box.plant('metrics', 1300, (place) => ({ failedAt: place < 1200 ? 5000 : 4000 }));
    expect(new Set((await readAll({ limit: 1000 })).map(({ id }) => id))).toEqual(new Set(ids));
    expect(await box.deadLetters.count()).toMatchObject({ counts: [{ count: 1300, oldestAt: 4000 }], counted: 1300, total: 1300 });
  });

  test('gives a page that looked at 10,000 others a cursor, though it is empty', async () => {
    const [first] = await box.plant('events', 1, () => ({ failedAt: 1, reason: reasons[0]! }));
    await box.plant('events', 10_050, (place) => ({ failedAt: 1000 + place }));
    const page = await box.deadLetters.list({ reason: 'SEAL_BROKEN' });
    expect(page).toEqual({ deadLetters: [], cursor: expect.any(String) });
    const next = await box.deadLetters.list({ reason: 'SEAL_BROKEN', cursor: page.cursor! });
    expect(next).toEqual({ deadLetters: [expect.objectContaining({ id: first })] });
    expect(await box.deadLetters.count()).toMatchObject({ counted: 10_000, total: 10_051 });
  });
});
