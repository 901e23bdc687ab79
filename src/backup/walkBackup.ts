import { parseCellKey, type CellName } from './capture/SeriesPlace.js';
import type { BackupContext } from './BackupContext.js';
import { chunkIdOf, fetchDataKeys } from './fetchDataKeys.js';
import { decodeParts } from './files/cellCodec.js';
import type { Cell, CellEntry } from './files/Cell.js';
import { damaged } from './files/damaged.js';
import { readIndexLines } from './files/IndexLine.js';
import type { RunReader } from './files/RunReader.js';
import { readKeyFile } from './KeyFile.js';
import { openChunk } from './openChunk.js';
import type { BackupState } from './readState.js';

/** A chunk that can be opened. */
export interface HeldChunk {
  readonly entry: CellEntry;
  /** The fields that it rests in, its own first. */
  readonly parts: readonly Buffer[];
  readonly wrappedKey: Buffer;
}

export interface HeldCell {
  readonly cell: Cell;
  readonly name: CellName;
  /** Chunks whose keys are not there any more: they are noise. */
  readonly destroyed: readonly CellEntry[];
  /** The others, some at a time, each opened to see that it is whole. */
  readonly chunks: () => AsyncGenerator<HeldChunk[]>;
}

const PAGE_CHUNKS = 100;
const PAGE_BYTES = 2 * 1024 * 1024;

/** Goes through everything that a run leads to, in the order of its index. @throws BackupError `BACKUP_DAMAGED`; KeyError */
export async function* walkBackup(context: BackupContext, { head, manifest }: BackupState, reader: RunReader): AsyncGenerator<HeldCell> {
  const { folder, secrets } = context;
  const keyFile = readKeyFile(folder, head);
  let next = await keyFile.next();
  try {
    for await (const line of readIndexLines(folder.file(manifest.run, 'index'))) {
      const cell = await reader.cell(line);
      const name = parseCellKey(line.key);
      if (name === undefined) throw damaged('it holds what this version does not know');
      while (next.done !== true && next.value.key < line.key) next = await keyFile.next();
      const byId = new Map<string, Buffer>();
      if (secrets.dataKeys.isApart) {
        const found = await fetchDataKeys(context, cell);
        for (const [place, entry] of cell.entries.entries()) if (found[place] !== undefined) byId.set(chunkIdOf(entry).toString('latin1'), found[place]);
      } else if (next.done !== true && next.value.key === line.key) for (const [id, dataKey] of next.value.fields) byId.set(id.toString('latin1'), dataKey);
      const keyOf = (entry: CellEntry): Buffer | undefined => byId.get(chunkIdOf(entry).toString('latin1'));
      const held = cell.entries.filter((entry) => keyOf(entry) !== undefined);
      yield {
        cell,
        name,
        destroyed: cell.entries.filter((entry) => keyOf(entry) === undefined),
        chunks: () => openPages(context, reader, name, held, keyOf),
      };
    }
  } finally {
    await keyFile.return(undefined);
  }
}

async function* openPages({ secrets }: BackupContext, reader: RunReader, name: CellName, held: readonly CellEntry[], keyOf: (entry: CellEntry) => Buffer | undefined): AsyncGenerator<HeldChunk[]> {
  for (const page of pagesOf(held)) {
    const blocks = await reader.blocks(page.map(({ place }) => place));
    yield page.map((entry, at): HeldChunk => {
      const chunk = { entry, parts: decodeParts(blocks[at]!), wrappedKey: keyOf(entry)! }; // those without were left out
      openChunk(secrets.chunks, name, entry, chunk.parts, chunk.wrappedKey);
      return chunk;
    });
  }
}

function* pagesOf(entries: readonly CellEntry[]): Generator<CellEntry[]> {
  let page: CellEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    page.push(entry);
    bytes += entry.place.length;
    if (page.length < PAGE_CHUNKS && bytes < PAGE_BYTES) continue;
    yield page;
    page = [];
    bytes = 0;
  }
  if (page.length > 0) yield page;
}
