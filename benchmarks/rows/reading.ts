import { isDeepStrictEqual } from 'node:util';

import { openEventStores, type EventStores } from '../support/openEventStores.js';
import type { Answers, Order, Question } from '../support/reader.js';
import { percentile } from '../support/spread.js';
import { createRow, type GrowthPoint, type Row } from './Row.js';
import { sizesOf, tableSize } from './sizes.js';
import type { Suite, SuiteContext } from './Suite.js';

interface ReadingRow {
  readonly id: string;
  /** In front of “of so many events” and behind it. */
  readonly what: readonly [string, string?];
  readonly target: number;
  readonly order: Omit<Order, 'question'>;
  /** What looks at every event may take as long again for as many more. Default: false. */
  readonly isPerMillion?: boolean;
}

/** Rows with the same question, and so with the same peer in a round. */
interface Match {
  readonly question: (stored: number) => Question;
  readonly peer: Omit<Order, 'question'>;
  readonly rows: readonly ReadingRow[];
}

const LIMIT = 100;

const matches: readonly Match[] = [
  {
    question: () => ({ kind: 'newest', limit: LIMIT }),
    peer: { times: 200, warmUp: 1000 },
    rows: [
      { id: 'newest-warm', what: ['newest 100'], target: 1, order: { times: 200, warmUp: 1000 } },
      { id: 'newest-cold', what: ['newest 100', 'empty cache'], target: 0.2, order: { times: 30, warmUp: 10, isCold: true } },
    ],
  },
  {
    // Pages one after the other, since the same one again and again would be found in any cache.
    question: (stored) => ({ kind: 'page', offset: stored / 2, limit: LIMIT }),
    // As often beforehand as compiles what both run.
    peer: { times: 100, warmUp: 200, step: LIMIT },
    rows: [{ id: 'page-500k', what: ['page of 100 in the middle'], target: 5, order: { times: 100, warmUp: 200, step: LIMIT } }],
  },
  {
    question: () => ({ kind: 'count', page: '/journal' }),
    peer: { times: 1, warmUp: 0 },
    rows: [
      {
        id: 'count-cold',
        what: ['count by one property', 'empty cache'],
        target: 20,
        // The code is compiled by then, as in a process that runs for days: the first takes twice as long as the fourth.
        order: { times: 5, warmUp: 4, isCold: true },
        isPerMillion: true,
      },
      { id: 'count-warm', what: ['count by one property'], target: 100, order: { times: 10 }, isPerMillion: true },
    ],
  },
];

const STORE_ID = 'store-growth';

interface Figures {
  readonly ours: number[];
  readonly peer: number[];
  isSound: boolean;
  readonly growth: GrowthPoint[];
  readonly notes: string[];
}

/** What is asked of a million events of one type, against a hash and a sorted set of JSON. */
export const reading: Suite = {
  ids: [...matches.flatMap(({ rows }) => rows.map(({ id }) => id)), STORE_ID],
  async run(context) {
    const figures = new Map<string, Figures>();
    const storeUs: GrowthPoint[] = [];
    let missing = 0;
    const stores = await openEventStores(context.say);
    try {
      for (const stored of sizesOf(context)) {
        const growth = await stores.growTo(stored);
        storeUs.push({ stored, ours: growth.storeUs, peer: null });
        missing += growth.missing;
        await measureSize(stores, stored, context, figures);
      }
    } finally {
      await stores.close();
    }
    const rows = wantedRows(context).map((row) => toRow(row, figures.get(row.id)!, missing === 0, context)); // measureSize made it
    return context.isGrowth && context.wanted.has(STORE_ID) ? [...rows, storeRow(storeUs, missing)] : rows;
  },
};

function wantedRows({ wanted }: SuiteContext): ReadingRow[] {
  return matches.flatMap(({ rows }) => rows.filter(({ id }) => wanted.has(id)));
}

/** Asks every question of stores of one size; what the table shows comes from the size that it names. */
async function measureSize(
  stores: EventStores,
  stored: number,
  context: SuiteContext,
  figures: Map<string, Figures>,
): Promise<void> {
  const isTable = stored === tableSize(context);
  for (let round = 1; round <= (isTable ? context.rounds : 1); round += 1) {
    for (const match of matches) {
      const rows = match.rows.filter(({ id }) => context.wanted.has(id));
      if (rows.length === 0) continue;
      const question = match.question(stored);
      const answers: Answers[] = [];
      // The peer comes between ours: all of a round are as close together as can be.
      answers.push(await stores.ours.ask('ask', { question, ...scaled(rows[0]!.order, context) }));
      const peer = await stores.naive.ask('ask', { question, ...scaled(match.peer, context) });
      for (const row of rows.slice(1)) answers.push(await stores.ours.ask('ask', { question, ...scaled(row.order, context) }));
      for (const [place, { id, isPerMillion = false }] of rows.entries()) {
        const figure = figures.get(id) ?? { ours: [], peer: [], isSound: true, growth: [], notes: [] };
        figures.set(id, figure);
        const { ms, last } = answers[place]!; // one for each of `rows`
        const [ours, theirs] = [percentile(ms, 50), percentile(peer.ms, 50)];
        figure.isSound &&= isSame(last, peer.last);
        if (isTable) {
          figure.ours.push(ours);
          figure.peer.push(theirs);
        }
        if (round === 1) {
          const per = isPerMillion ? stored / 1e6 : 1;
          figure.growth.push({ stored, ours: ours / per, peer: theirs / per });
        }
        context.say(`${stored} stored, round ${round}  ${id}: ${ours.toFixed(2)} ms, naive ${theirs.toFixed(2)} ms`);
      }
    }
  }
  if (isTable && context.wanted.has('page-500k')) figures.get('page-500k')?.notes.push(await describePage(stores, stored));
}

/** What the row's own figures leave out: a reader that holds nothing yet, and the peer's faster way where there is no range. */
async function describePage({ ours, naive }: EventStores, stored: number): Promise<string> {
  const question = { kind: 'page', offset: stored / 2, limit: LIMIT } as const;
  const cold = await ours.ask('ask', { question, times: 10, isCold: true });
  const byRank = await naive.ask('ask', { question: { ...question, isByRank: true }, times: 40, step: LIMIT });
  return `by a reader with an empty cache ${percentile(cold.ms, 50).toFixed(1)} ms; the peer by rank ${percentile(byRank.ms, 50).toFixed(2)} ms`;
}

function scaled(order: Omit<Order, 'question'>, { isQuick }: SuiteContext): Omit<Order, 'question'> {
  return isQuick ? { ...order, times: Math.min(order.times, 3), warmUp: 0 } : order;
}

/** Whether both say the same; each store gave ids of its own. */
function isSame(ours: unknown, theirs: unknown): boolean {
  return isDeepStrictEqual(withoutIds(ours), withoutIds(theirs));
}

function withoutIds(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  return answer.map((event: object) => ({ ...event, id: undefined }));
}

function toRow(row: ReadingRow, figures: Figures, isComplete: boolean, context: SuiteContext): Row {
  const { id, what, target, isPerMillion = false } = row;
  const [before, behind] = what;
  return createRow({
    id,
    what: [`${before} of ${tableSize(context).toLocaleString('en-GB')} events`, behind, 'p50', 'against hash and sorted set of JSON']
      .filter((part) => part !== undefined)
      .join(', '),
    unit: 'ms',
    better: 'lower',
    ours: figures.ours,
    peer: figures.peer,
    target,
    targetIs: 'least ratio',
    isSound: isComplete && figures.isSound,
    growth: context.isGrowth ? { unit: isPerMillion ? 'ms per million events' : 'ms', points: figures.growth } : undefined,
    notes: [...(figures.isSound ? [] : ['the two stores do not say the same']), ...figures.notes],
  });
}

function storeRow(points: readonly GrowthPoint[], missing: number): Row {
  const [least, most] = [points[0]!, points.at(-1)!]; // there are four sizes
  return createRow({
    id: STORE_ID,
    what: `CPU time of workers and Redis to store one more event, among ${most.stored.toLocaleString('en-GB')}, against among ${least.stored.toLocaleString('en-GB')}`,
    unit: 'µs',
    better: 'lower',
    ours: [most.ours],
    peer: [least.ours],
    target: 0.8,
    targetIs: 'least ratio',
    isSound: missing === 0,
    growth: { unit: 'µs of CPU an event', points },
    notes: [`missing ${missing}`],
  });
}
