import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { JsonObject } from '../../src/contract/json.js';
import { readAll, START } from '../merging/mergeFixture.js';
import type { Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { openPractice, type Practice } from './Practice.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let practice: Practice;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  practice = await openPractice(server.url);
  await practice.store.run(practice.store.batch([{ id: 'visit', userId: people.ann, properties: { weight: 70 }, timestamp: START }, { id: 'other', userId: people.bob, timestamp: START }]));
});
afterEach(async () => practice.close());

/** Works off what waits, as a worker does. */
async function work(): Promise<void> {
  for (const id of await practice.store.redis.zrange(practice.queue.toKey('prioritized'), '0', '-1')) {
    const data = await practice.store.redis.hget(practice.queue.toKey(id), 'data');
    await practice.store.run({ id, payload: JSON.parse(data!) as Job['payload'] });
    await practice.queue.remove(id);
  }
}
const eventsOf = async (userId: string) => (await practice.exported(userId)).flatMap((line) => (line.record === 'event' ? [{ from: line.from, ...line.event }] : []));

describe('an amendment', () => {
  it('is linked to what it amends, which stays; an export shows both, also while it waits, and an erasure takes both', async () => {
    const amended = await practice.subjects.amend(people.ann, 'visit', { statement: 'It was 60 kg.', properties: { weight: 60 }, reason: 'asked for' });
    expect(amended.amends).toBe('visit');
    expect((await eventsOf(people.ann)).map(({ id, from }) => [id, from])).toEqual([[amended.id, 'queue'], ['visit', 'store']]);
    await work();
    const events = await eventsOf(people.ann);
    expect(events.find(({ id }) => id === 'visit')?.properties).toEqual({ weight: 70 });
    expect(events.find(({ id }) => id === amended.id)).toMatchObject({
      from: 'store', type: 'subject_amendment', userId: people.ann,
      properties: { amends: 'visit', amendsType: 'page_view', kind: 'amendment', statement: 'It was 60 kg.', properties: { weight: 60 }, reason: 'asked for', by: 'test' },
    });
    expect(practice.recorded).toContainEqual({ operation: 'subjects.amend', userId: people.ann, reason: 'asked for' });
    expect((await practice.subjects.erase(people.ann, { mode: 'delete' })).content.done).toMatchObject({ events: 2 });
    expect(await eventsOf(people.ann)).toEqual([]);
    expect((await eventsOf(people.bob)).map(({ id }) => id)).toEqual(['other']);
  });

  it('may be denied, and the denial disagreed with, each linked to the one before', async () => {
    const denial = await practice.subjects.amend(people.ann, 'visit', { kind: 'denial', statement: 'It is accurate.', reason: 'denied on review' });
    const answer = await practice.subjects.amend(people.ann, denial.id, { kind: 'disagreement', statement: 'It is not.', reason: 'the person’s statement' });
    await work();
    const links = (await eventsOf(people.ann)).map(({ id, properties }) => [id, properties['kind'], properties['amends']]);
    expect(links).toEqual(expect.arrayContaining([[denial.id, 'denial', 'visit'], [answer.id, 'disagreement', denial.id]]));
  });

  it('is refused of an event that is not the person’s, and of one that is not there', async () => {
    for (const id of ['other', 'nothing']) await expect(practice.subjects.amend(people.ann, id, { statement: 'x', reason: 'y' })).rejects.toMatchObject({ code: 'EVENT_UNKNOWN' });
    expect(await practice.queue.count()).toBe(0);
  });

  it('leaves nothing of what was said when the person is anonymised', async () => {
    await practice.subjects.amend(people.ann, 'visit', { statement: 'Ann says so.', reason: 'Ann asked' });
    await work();
    await practice.subjects.erase(people.ann, { mode: 'anonymise' });
    const [hour] = (await practice.store.events.hourCounts('subject_amendment')).keys();
    const left = await readAll(practice.store.events, hour, 'subject_amendment');
    expect(left).toHaveLength(1);
    expect(left[0]!.event).toMatchObject({ userId: expect.stringMatching(/^anonymous-/), properties: {} });
    expect(JSON.stringify(left)).not.toMatch(/Ann|ann"/);
  });

  it('refuses what is no amendment, whatever is given', async () => {
    const bad = fc.oneof(
      fc.constant({ reason: 'neither statement nor properties' }), fc.constant({ statement: 'no reason' }), fc.constant({ statement: '', reason: 'x' }), fc.constant({ statement: 'x'.repeat(4001), reason: 'x' }),
      fc.constant({ statement: 'x', reason: 'x', kind: 'other' }), fc.constant({ statement: 'x', reason: 'x', more: 1 }), fc.constant({ properties: { text: 'x'.repeat(40_000) }, reason: 'x' }),
      fc.constant({ properties: nested(200), reason: 'x' }), fc.constant(null), fc.anything().filter((value) => typeof value !== 'object'),
    );
    await fc.assert(
      fc.asyncProperty(bad, async (options) => {
        await expect(practice.subjects.amend(people.ann, 'visit', options as { reason: string })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      }),
      { numRuns: 40 },
    );
    expect(await practice.queue.count()).toBe(0);
  });
});

function nested(depth: number): JsonObject {
  let object: JsonObject = {};
  for (let level = 0; level < depth; level += 1) object = { in: object };
  return object;
}
