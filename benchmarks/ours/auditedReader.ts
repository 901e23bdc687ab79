/** A process that reads the same pages with and without records of audit, in turns. */
import { setTimeout as sleep } from 'node:timers/promises';

import { AccessGate } from '../../src/access/AccessGate.js';
import { AnalyticsService } from '../../src/index.js';
import { timelineEvent, TIMELINE_TYPE } from '../data/timeline.js';
import { serveCommands } from '../support/commands.js';
import { percentile } from '../support/spread.js';

export interface CostOrder {
  /** Events of a page. */
  readonly limit: number;
  /** So many callers who each ask for the next page when they have one; or so many pages a second, however long they take. */
  readonly load: { readonly callers: number } | { readonly perSecond: number };
  /** Of each turn. */
  readonly reads: number;
  readonly turns: number;
}

export interface Cost {
  readonly recorded: readonly Turn[];
  readonly unrecorded: readonly Turn[];
  /** Reads of all turns that were to be recorded, and records that there are of them. */
  readonly reads: number;
  readonly records: number;
}

export interface Turn {
  readonly perSecond: number;
  /** How long a read took. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of this process, in µs a read. */
  readonly cpuUs: number;
}

export type AuditedReaderCommands = {
  fill(count: number): Promise<void>;
  measure(order: CostOrder): Promise<Cost>;
  close(input: undefined): Promise<void>;
};

const SEND = 1000;
const service = new AnalyticsService({ deadlineMs: 300_000, batchSize: SEND });
const { read } = Object.getOwnPropertyDescriptors(AccessGate.prototype);

/** In this process only: the service has no way of leaving records out. */
function record(isOn: boolean): void {
  const unrecorded: AccessGate['read'] = async (_principal, _request, work) => (await work(undefined, () => undefined)).answer;
  Object.defineProperty(AccessGate.prototype, 'read', isOn ? read : { ...read, value: unrecorded });
}

async function takeTurn({ limit, load, reads }: CostOrder): Promise<Turn> {
  const ms: number[] = [];
  const read = async (): Promise<void> => {
    const askedAt = performance.now();
    await service.getEvents({ type: TIMELINE_TYPE, limit });
    ms.push(performance.now() - askedAt);
  };
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await ('callers' in load ? readInTurns(read, reads, load.callers) : readAtRate(read, reads, load.perSecond));
  const took = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (1000 * reads) / took, p50Ms: percentile(ms, 50), p99Ms: percentile(ms, 99), cpuUs: (user + system) / reads };
}

async function readInTurns(read: () => Promise<void>, reads: number, callers: number): Promise<void> {
  let left = reads;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) await read();
    }),
  );
}

async function readAtRate(read: () => Promise<void>, reads: number, perSecond: number): Promise<void> {
  const startedAt = performance.now();
  const underWay: Promise<void>[] = [];
  for (let sent = 0; sent < reads; ) {
    const due = Math.min(reads, Math.floor(((performance.now() - startedAt) * perSecond) / 1000) + 1);
    while (sent < due) {
      underWay.push(read());
      sent += 1;
    }
    await sleep(1);
  }
  await Promise.all(underWay);
}

async function countRecords(): Promise<number> {
  let count = 0;
  for await (const { series } of service.audit.stream({ operation: 'events.read', outcome: 'allowed' })) if (series === TIMELINE_TYPE) count += 1;
  return count;
}

const commands: AuditedReaderCommands = {
  async fill(count) {
    const endMs = Date.now();
    for (let next = count - 1; next >= 0; next -= SEND) await service.trackEvents(Array.from({ length: Math.min(SEND, next + 1) }, (_, place) => timelineEvent(next - place, endMs)));
    while ((await service.countEvents({ type: TIMELINE_TYPE })) < count) await service.processEvents();
  },
  async measure(order) {
    const recorded: Turn[] = [];
    const unrecorded: Turn[] = [];
    // Both ways are compiled first.
    for (const isOn of [true, false]) {
      record(isOn);
      await takeTurn(order);
    }
    record(true);
    const before = await countRecords();
    for (let turn = 0; turn < order.turns; turn += 1) {
      for (const [isOn, turns] of [[true, recorded], [false, unrecorded]] as const) {
        record(isOn);
        turns.push(await takeTurn(order));
      }
    }
    record(true);
    return { recorded, unrecorded, reads: order.reads * order.turns, records: (await countRecords()) - before };
  },
  close: async () => void (await service.close()),
};

serveCommands(commands);
