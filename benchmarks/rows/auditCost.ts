import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AuditedReaderCommands, Cost } from '../ours/auditedReader.js';
import { spreadOf } from '../support/spread.js';
import { startChild } from '../support/startChild.js';
import { startRedis } from '../support/startRedis.js';
import { createRow } from './Row.js';
import type { Suite } from './Suite.js';

const STORED = 8000;
const CALLERS = 16;
const READS = 300;
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
      const ask = async (limit: number, callers: number): Promise<Cost> => reader.ask('measure', { limit, callers, reads: isQuick ? 32 : READS, turns: TURNS_A_ROUND * rounds });
      const cost = await ask(100, CALLERS);
      const small = await ask(10, CALLERS);
      const lone = await ask(100, 1);
      await reader.ask('close', undefined);
      const all = [cost, small, lone];
      return [
        createRow({
          id: 'audit-cost',
          what: `pages of 100 events, read by ${CALLERS} callers and recorded, against not recorded`,
          unit: 'reads/s',
          better: 'higher',
          ours: cost.recorded,
          peer: cost.unrecorded,
          target: 0.8,
          targetIs: 'least ratio',
          isSound: all.every(({ reads, records }) => reads === records),
          notes: [
            `CPU time of the reading process: ${Math.round(cost.cpuUs.recorded)} µs a read, ${Math.round(cost.cpuUs.unrecorded)} without records`,
            `pages of 10: ${ratioOf(small)} of the reads without records`,
            `a lone caller, pages of 100: ${ratioOf(lone)}`,
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

function ratioOf({ recorded, unrecorded }: Cost): string {
  return spreadOf(recorded.map((rate, turn) => rate / unrecorded[turn]!)).median.toFixed(2); // as many of both
}
