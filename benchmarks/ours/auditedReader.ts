/** A process that reads the same pages with and without records of audit, in turns. */
import { AccessGate } from '../../src/access/AccessGate.js';
import { AnalyticsService } from '../../src/index.js';
import { timelineEvent, TIMELINE_TYPE } from '../data/timeline.js';
import { serveCommands } from '../support/commands.js';

export interface CostOrder {
  /** Events of a page. */
  readonly limit: number;
  /** Pages that are asked for at once. */
  readonly callers: number;
  /** Of each turn. */
  readonly reads: number;
  readonly turns: number;
}

export interface Cost {
  /** Reads a second, a figure for each turn. */
  readonly recorded: readonly number[];
  readonly unrecorded: readonly number[];
  /** CPU time of this process, in µs a read, over all turns. */
  readonly cpuUs: { readonly recorded: number; readonly unrecorded: number };
  /** Reads of all turns that were to be recorded, and records that there are of them. */
  readonly reads: number;
  readonly records: number;
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

async function perSecond({ limit, callers, reads }: CostOrder): Promise<number> {
  let left = reads;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) await service.getEvents({ type: TIMELINE_TYPE, limit });
    }),
  );
  return (1000 * reads) / (performance.now() - startedAt);
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
    const recorded: number[] = [];
    const unrecorded: number[] = [];
    // Both ways are compiled first.
    for (const isOn of [true, false]) {
      record(isOn);
      await perSecond(order);
    }
    record(true);
    const before = await countRecords();
    const reads = order.reads * order.turns;
    const cpuUs = { recorded: 0, unrecorded: 0 };
    for (let turn = 0; turn < order.turns; turn += 1) {
      for (const [isOn, way, rates] of [[true, 'recorded', recorded], [false, 'unrecorded', unrecorded]] as const) {
        record(isOn);
        const startedAt = process.cpuUsage();
        rates.push(await perSecond(order));
        const { user, system } = process.cpuUsage(startedAt);
        cpuUs[way] += (user + system) / reads;
      }
    }
    record(true);
    return { recorded, unrecorded, cpuUs, reads, records: (await countRecords()) - before };
  },
  close: async () => void (await service.close()),
};

serveCommands(commands);
