import { rm } from 'node:fs/promises';

import type { BackupContext, RunOptions } from './BackupContext.js';
import type { CaptureContext } from './capture/Capture.js';
import { parseCellKey } from './capture/SeriesPlace.js';
import { chunkIdOf, fetchDataKeys } from './fetchDataKeys.js';
import { AppendFile } from './files/AppendFile.js';
import type { Cell, CellField } from './files/Cell.js';
import { encodeIndexLine, readIndexLines, type IndexLine } from './files/IndexLine.js';
import { encodeManifest, type Manifest } from './files/Manifest.js';
import type { RunReader } from './files/RunReader.js';
import type { RunWriter } from './files/RunWriter.js';
import { syncFolder, writeWhole } from './files/writeWhole.js';
import { announceKeyFolder } from './keyFolders.js';
import { KeyFileWriter } from './KeyFile.js';
import { writeErasures } from './KeptErasures.js';
import { mergeLines } from './mergeLines.js';
import { recaptureCell } from './recaptureCell.js';

/** Chunks whose data keys are fetched in one round trip. */
const KEYS_AT_ONCE = 1000;

export interface CommitOptions extends RunOptions {
  readonly writer: RunWriter;
  readonly reader: RunReader;
  /** The index as the run found it. */
  readonly draft: string | undefined;
  readonly marks: Manifest['marks'];
  readonly waiting: number;
  /** Cells to take down before: the hours of an erasure. */
  readonly touched?: readonly string[];
}

/**
 * Puts a run in place: from then on it is what a restore puts back. The data keys are read here, as the store has them now, and
 * not as it had them when their chunks were taken down: one that was destroyed since is in no file afterwards.
 */
export async function commitRun(context: BackupContext, options: CommitOptions): Promise<Manifest> {
  return context.folder.locked('commit', async () => commit(context, options));
}

/** The same by who holds the lock. */
export async function commit(context: BackupContext, { writer, reader, draft, marks, waiting, touched = [], onProgress, signal }: CommitOptions): Promise<Manifest> {
  const { folder, secrets, keys, keyRing, now } = context;
  const { run, kind } = writer.start;
  const capture: CaptureContext = { redis: context.redis, writer, reader, throwIfAborted: () => signal?.throwIfAborted() };
  await writer.flush();
  const wanted = new Set([...touched, ...(await touchedSince(context, writer.start.base, run))]);
  const fresh = await recapture(context, capture, draft, wanted);
  const totals = { events: 0, samples: 0, chunks: 0, bytes: 0, cells: 0 };
  const runs = new Set([run, ...marks.runs]);
  // Before the first data key lies there.
  await announceKeyFolder(context);
  const index = await AppendFile.open(folder.file(run, 'index'));
  const keyFile = await KeyFileWriter.create(folder, run);
  const add = async (line: IndexLine, cell: Cell | undefined, dataKeys: readonly CellField[]): Promise<void> => {
    await index.append(encodeIndexLine(line));
    // Where keys lie apart from the data, that is where a restore finds them.
    if (!secrets.dataKeys.isApart) await keyFile.add(line.key, dataKeys);
    const name = parseCellKey(line.key);
    if (name?.section === 'hour') totals[name.kind === 'metrics' ? 'samples' : 'events'] += line.rows;
    totals.chunks += line.chunks;
    totals.bytes += line.bytes;
    totals.cells += 1;
    runs.add(line.place.run);
    for (const { place } of cell?.entries ?? []) runs.add(place.run);
    onProgress?.('writing', totals.cells, 0);
  };
  try {
    for await (const page of pagesOf(mergeLines(readIndexLines(draft), fresh))) {
      signal?.throwIfAborted();
      const cells = await Promise.all(page.map(async (line) => (line.chunks === 0 ? undefined : reader.cell(line))));
      const found = await Promise.all(cells.map(async (cell): Promise<(Buffer | undefined)[]> => (cell === undefined ? [] : fetchDataKeys(context, cell))));
      for (const [place, line] of page.entries()) {
        const cell = cells[place];
        const dataKeys = found[place]!; // one for each line
        if (cell === undefined || dataKeys.every((dataKey) => dataKey !== undefined)) await add(line, cell, fieldsOf(cell, dataKeys));
        else {
          // Chunks of it were merged, erased or expired since it was taken down.
          const again = await recaptureCell(context, capture, line.key, line);
          await writer.flush();
          if (again === undefined) continue;
          const cellNow = await reader.cell(again);
          await add(again, cellNow, fieldsOf(cellNow, await fetchDataKeys(context, cellNow)));
        }
      }
    }
    await keyFile.finish();
    const files = { ...(await writer.finish()), index: await index.finish() };
    const { startedAt } = writer.start;
    const manifest: Manifest = {
      format: 1,
      run,
      kind,
      base: writer.start.base,
      startedAt,
      finishedAt: now(),
      prefix: keys.prefix,
      publicId: keyRing.publicId,
      totals,
      waiting,
      marks,
      runs: [...runs].sort((one, other) => one - other),
      touched: [...touched],
      files,
    };
    await writeWhole(folder.file(run, 'manifest.json'), encodeManifest(manifest, secrets.fields));
    await syncFolder(folder.runPath(run));
    await writeErasures(context);
    await folder.writeHead({ format: 1, run, keyFile: keyFile.name });
    await cleanFolder(context, manifest, keyFile.name, draft);
    return manifest;
  } finally {
    await index.abandon();
    await keyFile.abandon();
  }
}

/** What nothing leads to any more. An erasure leaves it to the next backup: one may be on its way that goes by earlier runs. */
async function cleanFolder({ folder }: BackupContext, { run, runs, kind }: Manifest, keyFile: string, draft: string | undefined): Promise<void> {
  await folder.removeOtherKeyFiles(keyFile);
  if (kind !== 'erasure') for (const other of await folder.runs()) if (other !== run && !runs.includes(other)) await folder.removeRun(other);
  await rm(folder.file(run, 'progress.json'), { force: true });
  if (draft?.startsWith(folder.runPath(run)) === true) await rm(draft, { force: true });
}

/** Hours that erasures changed after the run began: it may have taken them down before. */
async function touchedSince({ folder, secrets }: BackupContext, base: number, run: number): Promise<string[]> {
  const head = await folder.readHead();
  const touched: string[] = [];
  for (let one = head?.run ?? 0; one !== base && one !== run && one !== 0; ) {
    const manifest = await folder.readManifest(one, secrets.fields);
    touched.push(...manifest.touched);
    one = manifest.base;
  }
  return touched;
}

async function recapture(context: BackupContext, capture: CaptureContext, draft: string | undefined, wanted: ReadonlySet<string>): Promise<Map<string, IndexLine | undefined>> {
  const fresh = new Map<string, IndexLine | undefined>();
  if (wanted.size === 0) return fresh;
  const known = new Map<string, IndexLine>();
  for await (const line of readIndexLines(draft)) if (wanted.has(line.key)) known.set(line.key, line);
  for (const key of wanted) fresh.set(key, await recaptureCell(context, capture, key, known.get(key)));
  await capture.writer.flush();
  return fresh;
}

async function* pagesOf(lines: AsyncIterable<IndexLine>): AsyncGenerator<IndexLine[]> {
  let page: IndexLine[] = [];
  let chunks = 0;
  for await (const line of lines) {
    page.push(line);
    chunks += line.chunks;
    if (chunks < KEYS_AT_ONCE && page.length < KEYS_AT_ONCE) continue;
    yield page;
    page = [];
    chunks = 0;
  }
  if (page.length > 0) yield page;
}

function fieldsOf(cell: Cell | undefined, dataKeys: readonly (Buffer | undefined)[]): CellField[] {
  return (cell?.entries ?? []).flatMap((entry, place) => {
    const dataKey = dataKeys[place];
    return dataKey === undefined ? [] : [[chunkIdOf(entry), dataKey] as const];
  });
}
