import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AuditedReaderCommands, Cost, CostOrder, Turn } from '../ours/auditedReader.js';
import { spreadOf } from '../support/spread.js';
import { startChild } from '../support/startChild.js';
import { startRedis } from '../support/startRedis.js';
import { createRow } from './Row.js';
import type { Suite } from './Suite.js';

const STORED = 8000;
const PER_SECOND = 1000;
const CALLERS = 16;
const READS = 300;
const PAGE = 100;
/** Of the two ways, one after the other: a machine's mood lasts longer than a turn. */
const TURNS_A_ROUND = 10;

/** What recording each read costs reads. */
export const auditCost: Suite = {
  ids: ['audit-cost'],
  async run({ rounds, isQuick, say }) {
    const directory = await mkdtemp(join(tmpdir(), 'analytics-bench-cost-'));
    const redis = await startRedis();
    const reader = startChild<AuditedReaderCommands>(new URL('../ours/auditedReader.js', import.meta.url), {
      REDIS_URL: redis.url,
      NODE_ENV: 'test',
      ANALYTICS_DATA_DIR: directory,
      ANALYTICS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    });
    try {
      say(`audit-cost: storing ${STORED} events`);
      await reader.ask('fill', STORED);
      const ask = async (load: CostOrder['load'], limit = PAGE): Promise<Cost> => {
        const cost = await reader.ask('measure', { limit, load, reads: isQuick ? 32 : READS, turns: TURNS_A_ROUND * rounds });
        say(`audit-cost: ${describe(cost)}`);
        return cost;
      };
      // Flat out first: it compiles what the others run, too.
      const flatOut = await ask({ callers: CALLERS });
      const offered = await ask({ perSecond: PER_SECOND });
      const small = await ask({ perSecond: PER_SECOND }, PAGE / 10);
      const lone = await ask({ callers: 1 });
      await reader.ask('close', undefined);
      const all = [flatOut, offered, small, lone];
      return [
        createRow({
          id: 'audit-cost',
          what: `pages of ${PAGE} events, read by ${CALLERS} callers and recorded, against not recorded`,
          unit: 'reads/s',
          better: 'higher',
          ours: flatOut.recorded.map(({ perSecond }) => perSecond),
          peer: flatOut.unrecorded.map(({ perSecond }) => perSecond),
          target: 0.8,
          targetIs: 'least ratio',
          isSound: all.every(({ reads, records }) => reads === records),
          notes: [
            describe(flatOut),
            `${PER_SECOND} a second offered: ${describe(offered)}`,
            `the same with pages of ${PAGE / 10}: ${describe(small)}`,
            `a lone caller: ${describe(lone)}`,
            `${all.reduce((sum, { records }) => sum + records, 0)} records of ${all.reduce((sum, { reads }) => sum + reads, 0)} reads`,
          ],
        }),
      ];
    } finally {
      await reader.stop();
      await redis.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function describe({ recorded, unrecorded }: Cost): string {
  const [ours, peer] = [recorded, unrecorded].map((turns) => (member: keyof Turn) => spreadOf(turns.map((turn) => turn[member])).median);
  const beside = (member: keyof Turn, digits: number): string => `${ours!(member).toFixed(digits)} instead of ${peer!(member).toFixed(digits)}`; // two of them
  return `${beside('perSecond', 0)} reads/s, ${beside('cpuUs', 0)} µs of CPU a read, p50 ${beside('p50Ms', 2)} ms, p99 ${beside('p99Ms', 1)} ms`;
}
