import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { reencryptChunks } from './reencryptChunks.js';
import { emptyRekeyReport, writeRekeyStatus, type RekeyReport, type RekeyWork } from './rekeyStatus.js';
import type { RekeyRun } from './RekeyRun.js';
import { resealFields } from './resealFields.js';
import { rewrapDataKeys } from './rewrapDataKeys.js';

export interface RekeyContext {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Undefined in a process that only holds the public key. */
  readonly secrets: ReadingKeys | undefined;
}

export interface RekeyLimits {
  /** Ends it after the step that it is at; the next run goes on. */
  readonly signal?: AbortSignal;
  /** Takes up nothing more after so many ms. Default: no limit. */
  readonly mostMs?: number;
  /** Told how far it is, once a second at most. */
  readonly onProgress?: (report: RekeyReport) => void;
}

const TELL_MS = 1000;

/**
 * Brings what is stored under the current key, while everything else goes on: reads and writes meet the old key or the new
 * one, and open both. Safe to run again, beside itself, merges and the clean-up, and to be killed anywhere.
 *
 * @param work `rotate`: data keys are wrapped anew; `reencrypt`: chunks and rollups are written anew under new ones. Both seal fields anew
 * @throws KeyError `KEY_UNAVAILABLE` in a process that only holds the public key; whatever Redis answers otherwise
 */
export async function rekeyStore({ redis, keys, secrets }: RekeyContext, work: RekeyWork, { signal, mostMs = Infinity, onProgress }: RekeyLimits = {}): Promise<RekeyReport> {
  if (secrets === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'A process that only holds ANALYTICS_PUBLIC_KEY cannot rotate keys. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const begin = performance.now();
  const report = emptyRekeyReport(work);
  let toldAt = begin;
  const write = async (): Promise<void> => {
    toldAt = performance.now();
    onProgress?.({ ...report });
    // What runs is not complete.
    const status = { ...report, isComplete: false };
    await writeRekeyStatus(redis, keys, { finishedAt: Date.now(), durationMs: Math.round(toldAt - begin), report: status });
  };
  const run: RekeyRun = {
    redis,
    keys,
    secrets,
    report,
    isLate: () => signal?.aborted === true || performance.now() - begin >= mostMs,
    async tell() {
      if (performance.now() - toldAt >= TELL_MS) await write();
    },
  };
  if (work === 'reencrypt') await reencryptChunks(run);
  if (report.isComplete) await rewrapDataKeys(run);
  if (report.isComplete) await resealFields(run);
  onProgress?.({ ...report });
  await writeRekeyStatus(redis, keys, { finishedAt: Date.now(), durationMs: Math.round(performance.now() - begin), report });
  return report;
}
