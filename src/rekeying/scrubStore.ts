import type { Tier } from '../codec/rollups/tiers.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { KeyError } from '../errors/KeyError.js';
import { sizesOf } from '../merging/sizesOf.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { Breath } from '../storage/Breath.js';
import { encodeIndexEntry, type ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';
import { EventReader } from '../storage/EventReader.js';
import { BlockLoader } from '../storage/metrics/BlockLoader.js';
import { TierStore } from '../storage/metrics/TierStore.js';
import { tierNames } from '../storage/metrics/tierNames.js';
import { readIndexPage } from '../storage/readIndexPage.js';
import { storedSeries, type StoredSeries } from '../storage/storedSeries.js';
import { noteFinding, readScrubStatus, writeScrubStatus, type ScrubReport } from './scrubStatus.js';

export interface ScrubContext {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Undefined in a process that only holds the public key. */
  readonly secrets: ReadingKeys | undefined;
  /** Default: the clock. */
  readonly now?: () => number;
}

export interface ScrubLimits {
  /** Ends it after the page that it is at; the next run goes on. */
  readonly signal?: AbortSignal;
  /** Takes up nothing more after so many ms. Default: no limit. */
  readonly mostMs?: number;
  /** A round begins no sooner than so many ms after the one before began. Default: 0. */
  readonly intervalMs?: number;
}

/** Chunks opened together: 0.4 MB of merged ones. */
const PAGE = 32;
/** The oldest entry stands for chunks that end at one moment: more of them than this are read as one page. */
const LARGEST_PAGE = 100_000;

/**
 * Reads what is stored and opens it, all of it in one round, round after round: so what was changed in Redis is found though
 * nobody asks for it. It is never given out: whatever reads it meets the same seal.
 *
 * @returns how far this round has come
 * @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key; whatever Redis answers otherwise
 */
export async function scrubStore({ redis, keys, secrets, now = Date.now }: ScrubContext, limits: ScrubLimits = {}): Promise<ScrubReport> {
  if (secrets === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot scrub. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const { signal, mostMs = Infinity, intervalMs = 0 } = limits;
  const begin = performance.now();
  const last = (await readScrubStatus(redis, keys))?.report;
  if (last?.position === null && now() - last.beganAt < intervalMs) return last;
  const report: ScrubReport = last?.position ? { ...last } : { beganAt: now(), position: null, chunks: 0, bytes: 0, found: 0 };
  if (report.position === null) await redis.del(keys.scrubFindings);
  const isLate = (): boolean => signal?.aborted === true || performance.now() - begin >= mostMs;
  const scrubber = new Scrubber(redis, keys, secrets, report, now);

  const all = (await storedSeries(redis, keys)).sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const start = report.position;
  report.position = null;
  for (const series of all) {
    const name = nameOf(series);
    if (start !== null && name < start.series) continue;
    let from: number | null = start?.series === name ? start.from : null;
    do {
      if (isLate()) {
        report.position = { series: name, from };
        break;
      }
      from = await scrubber.page(series, from);
    } while (from !== null);
    if (report.position !== null) break;
  }
  await writeScrubStatus(redis, keys, { finishedAt: now(), durationMs: Math.round(performance.now() - begin), report });
  return report;
}

class Scrubber {
  readonly #events: EventReader;
  readonly #samples: BlockLoader;
  readonly #tiers: TierStore;

  constructor(
    readonly redis: RedisClient,
    readonly keys: Keys,
    secrets: ReadingKeys,
    readonly report: ScrubReport,
    readonly now: () => number,
  ) {
    const options = { redis, keys, secrets, cacheBytes: 0 };
    this.#events = new EventReader(options);
    this.#samples = new BlockLoader(options);
    this.#tiers = new TierStore(options);
  }

  /** Opens the chunks that end at `from` or soon after. @returns where to go on; null when the series is done */
  async page(series: StoredSeries, from: number | null): Promise<number | null> {
    const range = { from: from ?? -Infinity, to: Infinity, order: 'asc' } as const;
    let entries = await readIndexPage(this.redis, series.keys.time, range, PAGE + 1);
    // All of one moment: a page has to get past it.
    if (entries.length > PAGE && entries.at(-1)!.latest === entries[0]!.latest) {
      entries = await readIndexPage(this.redis, series.keys.time, { ...range, to: entries[0]!.latest }, LARGEST_PAGE);
      await this.#openAll(series, entries);
      return entries[0]!.latest + 1;
    }
    const next = entries.length > PAGE ? entries.at(-1)!.latest : null;
    await this.#openAll(series, next === null ? entries : entries.filter(({ latest }) => latest < next));
    if (next === null && series.kind === 'metrics') await this.#openRollups(series);
    return next;
  }

  async #openAll(series: StoredSeries, entries: readonly ChunkIndexEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const sizes = await sizesOf(this.redis, series.keys, entries);
    this.report.chunks += entries.length;
    this.report.bytes += sizes.reduce((sum, size) => sum + size, 0);
    try {
      if ((await this.#open(series, entries)) === entries.length) return;
    } catch (error) {
      if (!(error instanceof AnalyticsError)) throw error;
    }
    // One of them: which one?
    for (const entry of entries) await this.#openOne(series, entry);
  }

  async #openOne(series: StoredSeries, entry: ChunkIndexEntry): Promise<void> {
    try {
      if ((await this.#open(series, [entry])) === 1) return;
      // Merged, expired or erased meanwhile.
      if ((await this.redis.zscore(series.keys.time, encodeIndexEntry(entry))) === null) return;
      await this.#found(series, entry.chunkId, entry.hour, 'MISSING');
    } catch (error) {
      if (!(error instanceof AnalyticsError)) throw error;
      await this.#found(series, entry.chunkId, entry.hour, error.code);
    }
  }

  /** @returns how many were there */
  async #open({ kind, name }: StoredSeries, entries: readonly ChunkIndexEntry[]): Promise<number> {
    if (kind === 'metrics') return (await this.#samples.load(name, entries, undefined, new Breath())).size;
    const tables = await this.#events.load(name, entries, 'all');
    return tables.filter((table) => table !== undefined).length;
  }

  async #openRollups(series: StoredSeries): Promise<void> {
    for (const tier of Object.keys(tierNames) as Tier[]) {
      // the keys of a record by tier
      for (const [period, chunkId] of await this.#tiers.stored(series.name, tier)) {
        try {
          const { bytes } = await this.#tiers.readOne(series.name, tier, period);
          this.report.chunks += 1;
          this.report.bytes += bytes?.length ?? 0;
        } catch (error) {
          if (!(error instanceof AnalyticsError)) throw error;
          await this.#found(series, chunkId, period, error.code);
        }
      }
    }
  }

  async #found(series: StoredSeries, chunkId: Buffer, hour: number, code: string): Promise<void> {
    this.report.found += 1;
    await noteFinding(this.redis, this.keys, { series: nameOf(series), chunkId: chunkId.toString('hex'), hour, code, foundAt: this.now() });
  }
}

function nameOf({ kind, name }: StoredSeries): string {
  return `${kind}|${name}`;
}
