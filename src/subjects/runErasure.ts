import { createAnonymiser } from './anonymise.js';
import { checkBackups } from './checkBackups.js';
import { countSubject, type SubjectCounts } from './countSubject.js';
import { emptyCounts, saveRequest, type ErasureRequest, type ErasureStep } from './ErasureRequest.js';
import type { ErasureRun } from './ErasureRun.js';
import { eraseFeed } from './feed/eraseFeed.js';
import { eraseJobs } from './queue/eraseJobs.js';
import { eraseSamples } from './metrics/eraseSamples.js';
import { findSeries } from './metrics/findSeries.js';
import { createTagAnonymiser, planSeries, replaceTags } from './metrics/replaceTags.js';
import type { SubjectSeries } from './metrics/SubjectSeries.js';
import { issueReceipt, type ErasureReceipt } from './Receipt.js';
import { eraseSpools } from './spool/eraseSpools.js';
import { removeReplacedChunks } from './store/removeReplacedChunks.js';
import { eraseEvents } from './store/eraseEvents.js';
import { fenceUser } from './store/fenceUser.js';
import { Erasures } from '../storage/Erasures.js';
import { PURGED_AFTER_MS } from '../storage/PurgeMark.js';
import type { SubjectContext } from './SubjectContext.js';

export interface RunErasureOptions {
  readonly throwIfAborted: () => void;
  /** Waits between two looks at what is on its way. */
  readonly pause: () => Promise<void>;
  /** Told after each step, when it is written down. */
  readonly onProgress?: ((request: ErasureRequest) => void) | undefined;
}

/**
 * Carries out an erasure from where it stands, and ends with its receipt. Every step can be done twice, by two processes
 * at once too; after each it is written down how far it came, so that one that was killed is gone on with.
 *
 * 1. `fence`: what was tracked up to now is not stored any more, by anybody.
 * 2. `store`, `metrics`, `queue`, `feed`, `spool`: each place is gone through.
 * 3. `check`: every place is read once more, when no process holds anything of it in memory any more; what is found there
 *    sends it back to the store.
 */
export async function runErasure(context: SubjectContext, started: ErasureRequest, options: RunErasureOptions): Promise<ErasureReceipt> {
  const { redis, keys, secrets, keyRing, events, metrics, spoolDir } = context;
  const { throwIfAborted } = options;
  const rewriter = started.mode === 'anonymise' ? createAnonymiser(Buffer.from(started.surrogateKey, 'base64'), context.classesOf) : () => undefined;
  let request = started;
  if (context.backups === undefined && !started.hasMissedBackups) {
    request = { ...started, hasMissedBackups: true };
    await saveRequest(context, request);
  }
  const save = async (changes: Partial<ErasureRequest>): Promise<void> => {
    request = { ...request, ...changes };
    await saveRequest(context, request);
    options.onProgress?.(request);
  };
  const rewriteTags = started.mode === 'anonymise' ? createTagAnonymiser(Buffer.from(started.surrogateKey, 'base64')) : undefined;
  const run: ErasureRun = { redis, keys, secrets, userId: started.userId, rewrite: rewriter, throwIfAborted, backup: backupOf(context, () => request, save) };
  const add = (counts: Partial<ErasureRequest['counts']>): ErasureRequest['counts'] => {
    const sum = { ...request.counts };
    for (const [name, count] of Object.entries(counts)) sum[name as keyof typeof sum] += count; // names of counts
    return sum;
  };
  const fences = (): ReadonlyMap<string, number> => new Map(request.fences);
  const until = (): number => request.at ?? 0;
  // Whoever goes on with it waits as long again.
  let announcedAt = performance.now();

  const steps: Record<Exclude<ErasureStep, 'check'>, () => Promise<ErasureStep>> = {
    async fence() {
      const { at, fences: found } = await fenceUser(run, context.now());
      await save({ at, fences: [...found], counts: emptyCounts(), typesDone: [] });
      // From here on a restore of any backup knows of it, and goes on with it.
      await context.backups?.keepErasures();
      return 'store';
    },
    async store() {
      for (const [type, upTo] of fences()) {
        if (request.typesDone.includes(type)) continue;
        const { events: erased, chunksIn, chunksOut, removed } = await eraseEvents(run, type, upTo);
        await save({ typesDone: [...request.typesDone, type], counts: add({ events: erased, chunksIn, chunksOut, removed }) });
      }
      return 'metrics';
    },
    async metrics() {
      // Once the fence is up, nobody adds to what there is of them, so that they are looked for and taken once.
      if (request.areSamplesDone) return 'queue';
      const found = await collect(findSeries(run));
      // Written down before their tags go: nothing else tells afterwards whose they were.
      if (request.series === undefined) await save({ series: planSeries(found, rewriteTags, secrets).map(({ keyName, ids }) => [keyName, [...ids]]), counts: add({ series: found.length }) });
      const series = knownSeries(request);
      await replaceTags(run, found.filter(({ keyName, seriesId }) => series.some((one) => one.keyName === keyName && one.ids.has(seriesId))), rewriteTags);
      for (const one of series) {
        const { samples, rollups, chunksIn, chunksOut } = await eraseSamples(run, one, until());
        await save({ counts: add({ samples, rollups, chunksIn, chunksOut }) });
      }
      // Of all metrics together: each time costs a backup a file.
      if (series.length > 0) await run.backup?.removing('metrics');
      for (const { keyName } of series) await save({ counts: add({ removed: await removeReplacedChunks(run, keys.metric(keyName)) }) });
      await save({ areSamplesDone: true });
      await new Erasures(redis, keys, secrets.fingerprints).announcePurge();
      announcedAt = performance.now();
      return 'queue';
    },
    async queue() {
      for (;;) {
        let found = 0;
        let held = 0;
        for (const [kind, queue] of [['events', events], ['metrics', metrics]] as const) {
          const looked = await eraseJobs({ ...run, kind, queue, keyRing }, until());
          await save({ counts: add({ queued: looked.queued, deadLetters: looked.dead }) });
          found += looked.queued + looked.dead;
          held += looked.held;
        }
        if (found + held === 0) return 'feed';
        if (held > 0) await options.pause();
      }
    },
    async feed() {
      let removed = 0;
      for (const [type, upTo] of fences()) removed += await eraseFeed(run, type, upTo);
      await save({ counts: add({ feedEntries: removed }) });
      return 'spool';
    },
    async spool() {
      for (;;) {
        const { spooled, held } = await eraseSpools({ dir: spoolDir, keyRing, userId: request.userId, until: until(), throwIfAborted });
        await save({ counts: add({ spooled }) });
        if (held === 0) return 'check';
        await options.pause();
      }
    },
  };

  for (;;) {
    throwIfAborted();
    if (request.step !== 'check') {
      await save({ step: await steps[request.step]() });
      continue;
    }
    while (performance.now() - announcedAt < (context.purgedAfterMs ?? PURGED_AFTER_MS)) await options.pause();
    const left = await countSubject(context, { userId: request.userId, until: until(), upTo: (type) => fences().get(type) ?? 0, series: knownSeries(request), throwIfAborted });
    if (isClean(left)) return finish(context, request, left);
    // Something was on its way: a job that failed and went back, a file that a process sent.
    await options.pause();
    await save({ step: 'store', typesDone: [], areSamplesDone: request.areSamplesDone && left.samples + left.rollups === 0 });
  }
}

/** Hours are written down before they are changed: whoever goes on after a kill tells the backup of them. */
function backupOf({ backups }: SubjectContext, requestOf: () => ErasureRequest, save: (changes: Partial<ErasureRequest>) => Promise<void>): ErasureRun['backup'] {
  if (backups === undefined) return undefined;
  return {
    async touching(kind, name, hour) {
      const { touched } = requestOf();
      if (!touched.some((one) => isOf(one, kind, name) && one[1] === hour)) await save({ touched: [...touched, [name, hour, kind]] });
    },
    async removing(kind, name) {
      const { touched } = requestOf();
      const hours = touched.filter((one) => isOf(one, kind, name)).map(([of, hour]) => ({ kind, name: of, hour }));
      const tags = kind === 'metrics' ? (requestOf().series ?? []).map(([of, ids]) => ({ kind: 'tags' as const, name: of, first: firstBytes(ids.flat()) })) : [];
      if (hours.length + tags.length === 0) return;
      await backups.addHours([...hours, ...tags]);
      await save({ touched: touched.filter((one) => !isOf(one, kind, name)) });
    },
  };
}

function isOf([name, , kind = 'events']: ErasureRequest['touched'][number], wantedKind: string, wantedName: string | undefined): boolean {
  return kind === wantedKind && (wantedName === undefined || name === wantedName);
}

/** Of ids in hex; '' has none. */
function firstBytes(ids: readonly string[]): number[] {
  return [...new Set(ids.flatMap((id) => (id === '' ? [] : [Number.parseInt(id.slice(0, 2), 16)])))];
}

function knownSeries({ series = [] }: ErasureRequest): SubjectSeries[] {
  return series.map(([keyName, ids]) => ({ keyName, ids: new Map(ids) }));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function isClean({ events, samples, rollups, queued, deadLetters, spooled, feedEntries }: SubjectCounts): boolean {
  return events + samples + rollups + queued + deadLetters + spooled + feedEntries === 0;
}

async function finish(context: SubjectContext, { id, userId, mode, requestedAt, at = 0, counts, leaveBackups, hasMissedBackups }: ErasureRequest, left: SubjectCounts): Promise<ErasureReceipt> {
  const { redis, keys, secrets } = context;
  // A first backup may have been taken meanwhile.
  const backups = await checkBackups(context, leaveBackups);
  // Puts in place the keys that there are, and takes down anew what lost its own.
  if (hasMissedBackups) await context.backups?.addHours([]);
  const receipt = await issueReceipt(context, {
    format: 1,
    id,
    subject: secrets.audit.pseudonym(userId).toString('hex'),
    mode,
    requestedAt,
    erasedAt: at,
    finishedAt: context.now(),
    done: { ...counts, unreadable: left.unreadable },
    left,
    backups,
  });
  await context.backups?.keepErasures();
  await redis.hdel(keys.erasures, id);
  secrets.fingerprints.forget();
  return receipt;
}
