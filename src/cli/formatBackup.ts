import type { Manifest } from '../backup/files/Manifest.js';
import type { RestoreReport } from '../backup/restoreBackup.js';
import type { VerifyReport } from '../backup/verifyBackup.js';
import { formatTable } from './formatTable.js';

/** Bytes of chunks a second: assumed, on the low side, and said to be an estimate. `restore` measures what it is. */
const RESTORED_A_SECOND = 8 * 2 ** 20;
/** Chunks a second, where they are small; assumed as well. */
const CHUNKS_A_SECOND = 4000;

/** What a run took down, and what a loss of Redis would mean from now on. */
export function formatRun(manifest: Manifest, runs: readonly Manifest[]): string[] {
  const { run, kind, totals, files, startedAt, finishedAt } = manifest;
  const own = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `Run ${run} (${kind}) took ${seconds(finishedAt - startedAt)} and wrote ${size(own)}.`,
    `It leads to ${number(totals.events)} events and ${number(totals.samples)} samples in ${number(totals.chunks)} chunks, ${size(totals.bytes)} of them in ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}.`,
    ...recoveryLines(manifest),
  ];
}

/** Recovery point and time objective. */
function recoveryLines({ startedAt, waiting, totals }: Manifest): string[] {
  const estimate = Math.max(totals.bytes / RESTORED_A_SECOND, totals.chunks / CHUNKS_A_SECOND);
  return [
    `RPO: what was stored after ${new Date(startedAt).toISOString()} may be absent, and so may ${number(waiting)} ${waiting === 1 ? 'batch' : 'batches'} that waited in the queues then.`,
    `RTO: about ${seconds(1000 * Math.max(1, estimate))} to restore it (estimated: ${size(RESTORED_A_SECOND)} or ${number(CHUNKS_A_SECOND)} chunks a second); "restore" into an empty Redis measures it.`,
  ];
}

export function formatVerify({ manifest, chunks, destroyed, tookMs }: VerifyReport): string[] {
  return [
    `Everything that run ${manifest.run} leads to is whole: ${number(manifest.totals.events)} events, ${number(manifest.totals.samples)} samples, ${number(chunks)} chunks opened in ${seconds(tookMs)}.`,
    ...destroyedLines(destroyed),
    ...recoveryLines(manifest),
  ];
}

export function formatRestore({ manifest, events, samples, chunks, destroyed, marks, tookMs }: RestoreReport): string[] {
  return [
    `Restored run ${manifest.run}: ${number(events)} events and ${number(samples)} samples in ${number(chunks)} chunks; ${number(marks)} ids and batches are known again.`,
    ...destroyedLines(destroyed),
    `RPO: what was stored after ${new Date(manifest.startedAt).toISOString()} may be absent.`,
    `RTO: it took ${seconds(tookMs)}, ${number(Math.round(((events + samples) / Math.max(1, tookMs)) * 1000))} events and samples a second.`,
    'Start the processes now. Readers of the feed begin anew.',
  ];
}

function destroyedLines(destroyed: number): string[] {
  return destroyed === 0 ? [] : [`${number(destroyed)} chunks have no key any more and stay closed for ever: what is in them was erased, merged or expired.`];
}

export function formatRuns(runs: readonly Manifest[]): string[] {
  if (runs.length === 0) return ['There is no backup yet.'];
  const head = ['run', 'kind', 'finished', 'took', 'wrote', 'events', 'samples'];
  const rows = runs.map(({ run, kind, finishedAt, startedAt, files, totals }) => [
    String(run),
    kind,
    new Date(finishedAt).toISOString(),
    seconds(finishedAt - startedAt),
    size(Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0)),
    number(totals.events),
    number(totals.samples),
  ]);
  return [...formatTable(head, rows, ['run', 'took', 'wrote', 'events', 'samples']), ...recoveryLines(runs.at(-1)!)]; // there is one
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

function size(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
