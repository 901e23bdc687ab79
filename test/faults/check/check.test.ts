import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { readHistory } from '../history/History.js';
import type { HistoryRecord } from '../history/records.js';
import { readUnknown } from '../producer/readUnknown.js';
import type { SocketLog } from '../scene/SocketListener.js';
import { checkEvents } from './checkEvents.js';
import { checkSockets } from './checkSockets.js';
import { Findings, findingKinds } from './Findings.js';
import type { StoredEvent } from './readStore.js';

const NOW = 1_700_000_000_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, records: readonly HistoryRecord[], rest = ''): void {
  writeFileSync(join(folder, name), records.map((record) => `${JSON.stringify(record)}\n`).join('') + rest);
}

function tried(op: string, more: { id?: string; time?: number } = {}): HistoryRecord {
  return { try: op, type: 'page_view', userId: 'anna', time: NOW, at: NOW, ...more };
}

function stored(op: string, more: Partial<StoredEvent> = {}): StoredEvent {
  return { id: `id-${op}`, op, type: 'page_view', userId: 'anna', time: NOW, offset: 1, ...more };
}

async function check(events: readonly StoredEvent[], { keptFrom = 0, kept = new Set<string>() } = {}) {
  const findings = new Findings();
  const history = await readHistory(folder, 1000);
  const each = async function* () {
    yield* events;
  };
  const tally = await checkEvents({ history, stored: each(), keptFrom, kept, findings });
  return { tally, found: Object.fromEntries(findingKinds.flatMap((kind) => (findings.count(kind) > 0 ? [[kind, findings.of(kind)]] : []))) };
}

describe('the judge', () => {
  test('finds nothing where every acknowledged event is stored once', async () => {
    write('a-1.jsonl', [tried('a1-1'), { acknowledged: 'a1-1', id: 'id-a1-1', ms: 3 }, tried('a1-2')]);
    expect(await check([stored('a1-1')])).toEqual({ tally: { acknowledged: 1, recovered: 0, stored: 1, exempt: 0 }, found: {} });
  });

  test('finds a lost event, unless it has expired or a job holds it still', async () => {
    write('a-1.jsonl', [tried('a1-1'), { acknowledged: 'a1-1', id: 'id-a1-1', ms: 3 }]);
    expect((await check([])).found).toEqual({ lost: [{ id: 'id-a1-1', what: expect.stringContaining('a1-1') }] });
    expect((await check([], { keptFrom: NOW + 1 })).found).toEqual({});
    expect((await check([], { kept: new Set(['a1-1']) })).found).toEqual({});
  });

  test('finds an event that is stored twice, under one id or under two', async () => {
    write('a-1.jsonl', [tried('a1-1'), { unknown: 'a1-1', id: 'id-a1-1', code: 'DEADLINE_EXCEEDED', ms: 3 }]);
    expect((await check([stored('a1-1'), stored('a1-1', { offset: 2 })])).found).toMatchObject({ duplicated: [{ id: 'id-a1-1' }] });
    const { found } = await check([stored('a1-1'), stored('a1-1', { id: 'other', offset: 2 })]);
    expect(found).toMatchObject({ duplicated: [{ id: 'other' }] });
  });

  test('finds what nobody tracked, what was changed, and what every call was told was refused', async () => {
    write('a-1.jsonl', [
      tried('a1-1', { id: 'own' }),
      { acknowledged: 'a1-1', id: 'own', ms: 3 },
      tried('a1-2'),
      { refused: 'a1-2', code: 'REDIS_UNAVAILABLE', ms: 3 },
    ]);
    const { found } = await check([stored('a1-1', { id: 'own', userId: 'boris', time: NOW + 1 }), stored('a1-2'), stored('b9-9')]);
    expect(found).toMatchObject({
      unexpected: [{ id: 'id-b9-9' }],
      altered: [{ id: 'own', what: expect.stringContaining('its user, its time') }],
      refusedButStored: [{ id: 'a1-2' }],
    });
    expect(Object.keys(found).toSorted()).toEqual(['altered', 'refusedButStored', 'unexpected']);
  });

  test('takes either time of a repeat, and counts what was stored without an answer', async () => {
    write('a-1.jsonl', [tried('a1-1', { id: 'own' }), { unknown: 'a1-1', id: 'own', code: 'DEADLINE_EXCEEDED', ms: 3 }, tried('a1-1', { id: 'own', time: NOW - 5 })], '{"acknowledged":"a1-');
    expect(await check([stored('a1-1', { id: 'own', time: NOW - 5 })])).toEqual({ tally: { acknowledged: 0, recovered: 1, stored: 1, exempt: 0 }, found: {} });
  });

  test('hands what a killed producer was not answered to its next life', async () => {
    write('a-1.jsonl', [
      tried('a1-1', { id: 'one' }),
      tried('a1-2', { id: 'two' }),
      { acknowledged: 'a1-2', id: 'two', ms: 3 },
      tried('a1-3'),
      tried('a1-4'),
      { unknown: 'a1-4', id: 'four', code: 'DEADLINE_EXCEEDED', ms: 3 },
    ]);
    expect((await readUnknown(folder, 'a', 2)).map((left) => [left.try, left.id])).toEqual([['a1-1', 'one'], ['a1-4', 'four']]);
  });
});

describe('the judge of sockets', () => {
  const message = (offset: number, more: { id?: string; userId?: string; epoch?: string } = {}) => ({ id: `id-${offset}`, op: '', type: 'page_view', userId: 'anna', epoch: 'e1', offset, ...more });
  const log = (messages: SocketLog['messages'], isOpen = true): SocketLog => ({ userId: 'anna', position: { page_view: { epoch: 'e1', offset: 2 } }, messages, isOpen });
  const all = new Map([['anna', [1, 2, 3, 5, 8].map((offset) => ({ id: `id-${offset}`, type: 'page_view', offset }))]]);
  const verdict = (one: SocketLog): readonly string[] => {
    const findings = new Findings();
    checkSockets([one], all, findings);
    return findings.of('sockets').map(({ what }) => what);
  };

  test('asks for every event from the position on, in order', () => {
    expect(verdict(log([message(3), message(5), message(8)]))).toEqual([]);
    expect(verdict(log([message(3), message(8)]))).toEqual([expect.stringContaining('never sent page_view id-5')]);
    expect(verdict(log([message(5), message(3), message(8)]))).toEqual([expect.stringContaining('offset 3')]);
  });

  test('asks a connection that broke only for what lies before the last event that came', () => {
    expect(verdict(log([message(3)], false))).toEqual([]);
    expect(verdict(log([message(3)], true))).toHaveLength(2);
    expect(verdict(log([message(5)], false))).toEqual([expect.stringContaining('never sent page_view id-3')]);
  });

  test('allows gaps and repeats after a resync only', () => {
    expect(verdict(log([message(3), { resync: ['page_view'] }, message(3), message(8)]))).toEqual([]);
    expect(verdict(log([message(3), message(3), message(5), message(8)]))).toHaveLength(2);
  });

  test('finds an event of somebody else', () => {
    expect(verdict(log([message(3), message(5), message(8), message(9, { userId: 'boris' })]))).toEqual([expect.stringContaining('another user')]);
  });
});
