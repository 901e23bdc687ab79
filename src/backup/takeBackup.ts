import { queuePlaces } from '../../queues/names.js';
import { script } from '../redis/Script.js';
import { BackupError } from '../errors/BackupError.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import type { BackupContext, RunOptions } from './BackupContext.js';
import { Capture, type CaptureContext } from './capture/Capture.js';
import { captureEvents } from './capture/captureEvents.js';
import { captureGlobals, GLOBAL_START } from './capture/captureGlobals.js';
import { captureMetrics } from './capture/captureMetrics.js';
import { eventSeries, metricSeries, seriesStart, type SeriesPlace } from './capture/SeriesPlace.js';
import { commitRun } from './commitRun.js';
import { AppendFile } from './files/AppendFile.js';
import { encodeIndexLine, readIndexLines } from './files/IndexLine.js';
import type { Manifest } from './files/Manifest.js';
import { RunReader } from './files/RunReader.js';
import { RunWriter } from './files/RunWriter.js';
import { SeriesLines } from './files/SeriesLines.js';

const DAY_MS = 86_400_000;

/**
 * Takes a backup: all that is stored, or what was stored, merged or replaced since the last one. Writers and merges may go on. A
 * run that was killed is gone on with by the next one of its kind. It counts only once it is whole.
 *
 * @throws BackupError `BACKUP_REFUSED` when another run is taken, or there is none that an incremental one could go on from;
 *   `BACKUP_DAMAGED`; KeyError; whatever Redis answers otherwise
 */
export async function takeBackup(context: BackupContext, kind: 'full' | 'incremental', options: RunOptions = {}): Promise<Manifest> {
  const { folder, redis, keys } = context;
  await folder.create();
  await checkKeyIdentity(redis, keys, context.keyRing);
  return folder.locked('run', async () => {
    const last = await readLast(context, kind);
    const base = kind === 'incremental' ? last : undefined;
    const writer = await openWriter(context, kind);
    const reader = new RunReader(folder);
    try {
      const walk = await walkStore(context, { writer, reader, base, ...options });
      return await commitRun(context, { writer, reader, ...walk, ...options });
    } finally {
      await reader.close();
      await writer.abandon();
    }
  });
}

/** The run that counts now; of a full backup only to see that it is of the same store. */
async function readLast({ folder, keys, secrets }: BackupContext, kind: 'full' | 'incremental'): Promise<Manifest | undefined> {
  const head = await folder.readHead();
  if (head === undefined) {
    if (kind === 'full') return undefined;
    throw new BackupError('BACKUP_REFUSED', 'There is no full backup in this folder that an incremental one could go on from. Take a full one first.');
  }
  const last = await folder.readManifest(head.run, secrets.fields).catch((error: unknown) => {
    // A full backup takes the place of one that is damaged.
    if (kind === 'full' && error instanceof BackupError) return undefined;
    throw error;
  });
  if (last !== undefined && last.prefix !== keys.prefix) throw new BackupError('BACKUP_REFUSED', `This folder holds a backup of ${last.prefix}, not of ${keys.prefix}. Give each prefix a folder of its own.`);
  return last;
}

/** What was left by a run that was killed is gone on with if it is the same, and removed otherwise. */
async function openWriter({ folder, now }: BackupContext, kind: 'full' | 'incremental'): Promise<RunWriter> {
  const wanted = { kind, base: (await folder.readHead())?.run ?? 0 };
  let resumed: RunWriter | undefined;
  for (const run of await folder.unfinishedRuns()) {
    resumed ??= await RunWriter.resume(folder, { run, ...wanted });
    if (resumed?.start.run !== run) await folder.removeRun(run);
  }
  return resumed ?? RunWriter.create(folder, { run: Math.max(0, ...(await folder.runs())) + 1, ...wanted, startedAt: now() });
}

interface WalkOptions extends RunOptions {
  readonly writer: RunWriter;
  readonly reader: RunReader;
  readonly base: Manifest | undefined;
}

/** What a walk over the store found: a draft of the index, and the marks that it took down. */
export interface Walk {
  readonly draft: string;
  readonly marks: Manifest['marks'];
  readonly waiting: number;
}

async function walkStore(context: BackupContext, { writer, reader, base, onProgress, signal }: WalkOptions): Promise<Walk> {
  const { redis, folder } = context;
  const { run, startedAt } = writer.start;
  const throwIfAborted = (): void => signal?.throwIfAborted();
  const capture: CaptureContext = { redis, writer, reader, throwIfAborted };
  const waiting = await countWaiting(context);
  const previous = new SeriesLines(readIndexLines(base && folder.file(base.run, 'index')));
  // A mark that was written on the day of the base's start may have come after it; a clock may be a little behind.
  const since = base === undefined ? 0 : Math.floor(base.marks.since / DAY_MS) - 1;
  const draft = `${folder.file(run, 'index')}.draft`;
  const index = await AppendFile.open(draft);
  const counts: Record<string, number> = { ...base?.marks.counts };
  const names = new Map<string, Buffer>();
  const all: (SeriesPlace | undefined)[] = await listSeries(context, names);
  // What belongs to no series, in its place among the keys of cells.
  const metrics = all.findIndex((series) => series?.kind === 'metrics');
  all.splice(metrics === -1 ? all.length : metrics, 0, undefined);
  try {
    for (const [place, series] of all.entries()) {
      throwIfAborted();
      onProgress?.('reading', place, all.length);
      const start = series === undefined ? GLOBAL_START : seriesStart(series);
      const known = await previous.take(start);
      for (const [key, line] of writer.resumed) if (key.startsWith(start)) known.set(key, line);
      const one = new Capture(capture, known);
      if (series === undefined) await captureGlobals(one, context.keys);
      else if (series.kind === 'events') {
        for (const [key, taken] of Object.entries(await captureEvents(one, series, since))) counts[key] = (counts[key] ?? 0) + taken;
      } else await captureMetrics(one, series, names.get(series.name)!); // listed with it
      for (const line of one.lines()) await index.append(encodeIndexLine(line));
    }
    onProgress?.('reading', all.length, all.length);
    await index.finish();
  } finally {
    await index.abandon();
    await previous.close();
  }
  return { draft, waiting, marks: { runs: [...(base?.marks.runs ?? []), run], since: startedAt, counts } };
}

/** Every event type and metric, in the order of their cells' keys. @param names is filled with the metrics' sealed names */
async function listSeries({ redis, keys }: BackupContext, names: Map<string, Buffer>): Promise<SeriesPlace[]> {
  const types = await redis.hkeys(keys.eventCatalogue);
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscanBuffer(keys.metricCatalogue, cursor, 'COUNT', 1000);
    for (let place = 0; place < fields.length; place += 2) names.set(fields[place]!.toString(), fields[place + 1]!); // fields and values by turns
    cursor = next.toString();
  } while (cursor !== '0');
  const all = [...types.map((type) => eventSeries(keys, type)), ...Array.from(names.keys(), (name) => metricSeries(keys, name))];
  return all.sort((one, other) => (seriesStart(one) < seriesStart(other) ? -1 : 1));
}

/** Batches that wait to be processed: they are sealed to the public key, which no erasure can destroy for one of them. */
async function countWaiting({ redis, keys }: BackupContext): Promise<number> {
  const places = queuePlaces(keys);
  let waiting = 0;
  for (const { prefix, name } of [places.events, places.metrics]) {
    const start = `${prefix}:${name}:`;
    const [ready, delayed] = (await script('readQueueLoad').run(redis, { keys: [`${start}wait`, `${start}prioritized`, `${start}delayed`], args: [start, 0] })) as [number, number]; // what the script answers
    waiting += ready + delayed;
  }
  return waiting;
}

