import { batchTimeOf } from '../../codec/batchId.js';
import type { ColumnName } from '../../codec/columns/Column.js';
import { HOUR_MS, hourOf } from '../../codec/hours.js';
import type { Event } from '../../contract/event.js';
import { chunkIdOf } from '../../redis/keys.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { FoundMark } from '../../storage/SeenMarkReader.js';
import { wholeHour } from './countRows.js';
import { reachesInto } from './EventScan.js';
import { nextGroup } from './nextGroup.js';
import { MOST_READINGS, type ScanContext } from './ScanContext.js';

/** What is known of where an event may be. */
export interface IdTrace {
  readonly type: string;
  readonly id: string;
  /** The mark that an event left whose id the caller gave. */
  readonly own: FoundMark | undefined;
  /** The batch that an event's id tells, if one of that id was stored. */
  readonly batchId: string | undefined;
}

const DAY_HOURS = 24;
const ID: ReadonlySet<ColumnName> = new Set<ColumnName>(['id']);
const FIRST_ROWS = 4096;

/** Looks for an event hour by hour: first where it is likely, then from the newest to the oldest. */
export async function findById(context: ScanContext, trace: IdTrace, onSpent: () => never): Promise<Event | undefined> {
  const { source, scan } = context;
  const counts = await source.hourCounts(scan.type);
  const stored = [...counts.keys()].filter((hour) => (hour + 1) * HOUR_MS > scan.lower && counts.get(hour) !== 0);
  const isLikely = likelyHours(trace);
  const byNewest = stored.sort((one, other) => other - one);
  const likely = byNewest.filter(isLikely);
  for (const hour of [...likely, ...byNewest.filter((one) => !isLikely(one))]) {
    const event = await findInHour(context, trace, hour, onSpent);
    // Older than what is kept is hidden, whether or not it was removed already.
    if (event !== undefined) return event.timestamp < scan.lower ? undefined : event;
  }
  return undefined;
}

/** About when the batch was made, and the day on which the id was stored: most events are stored when they happen. */
function likelyHours({ own, batchId }: IdTrace): (hour: number) => boolean {
  const batchHour = batchId === undefined ? undefined : hourOf(batchTimeOf(batchId));
  return (hour) =>
    (batchHour !== undefined && Math.abs(hour - batchHour) <= 1) || (own !== undefined && Math.floor(hour / DAY_HOURS) === own.day);
}

async function findInHour(context: ScanContext, trace: IdTrace, hour: number, onSpent: () => never): Promise<Event | undefined> {
  for (let reading = 1; ; reading += 1) {
    const { entries } = await wholeHour(context, hour);
    const found = await findInChunks(context, trace, candidates(context, trace, hour, entries), onSpent);
    if (found !== 'gone') return found;
    if (reading === MOST_READINGS) return undefined;
  }
}

/** Small chunks tell by their ids whether the event can be in them; they come first, since they are opened at once. */
function candidates({ scan }: ScanContext, { own, batchId }: IdTrace, hour: number, entries: readonly ChunkIndexEntry[]): ChunkIndexEntry[] {
  const ofBatch = batchId === undefined ? undefined : chunkIdOf(batchId, scan.type, hour);
  const reaching = entries.filter((entry) => reachesInto(entry, scan));
  const small = reaching.filter(
    ({ blocks, chunkId }) =>
      blocks === 0 && (ofBatch?.equals(chunkId) === true || own?.owner.equals(chunkId.subarray(0, own.owner.length)) === true),
  );
  const merged = reaching.filter(({ blocks }) => blocks > 0);
  if (batchId === undefined) return [...small, ...merged];
  // An event's time is about that of its batch.
  const time = batchTimeOf(batchId);
  const distance = ({ earliest, latest }: ChunkIndexEntry): number => Math.max(earliest - time, time - latest, 0);
  return [...small, ...merged.sort((one, other) => distance(one) - distance(other))];
}

async function findInChunks(
  { source, scan, budget, breath }: ScanContext,
  { id }: IdTrace,
  entries: readonly ChunkIndexEntry[],
  onSpent: () => never,
): Promise<Event | 'gone' | undefined> {
  let rows = 1;
  let isGone = false;
  for (let place = 0; place < entries.length; rows = Math.max(FIRST_ROWS, rows * 2)) {
    if (budget.spent !== undefined) onSpent();
    const group = nextGroup(entries, place, Math.min(rows, Math.max(budget.left, 1)));
    place += group.length;
    for (const [at, table] of (await source.load(scan.type, group, ID)).entries()) {
      const entry = group[at]!;
      if (table === undefined) {
        isGone = true;
        continue;
      }
      budget.spend(entry.count);
      for (let row = 0; row < table.count; row += 1) {
        if (table.id(row) !== id) continue;
        const [whole] = await source.load(scan.type, [entry], 'all');
        return whole === undefined ? 'gone' : whole.event(row);
      }
    }
    await breath.take();
  }
  return isGone ? 'gone' : undefined;
}
