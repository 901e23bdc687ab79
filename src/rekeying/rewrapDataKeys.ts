import { KeyError } from '../errors/KeyError.js';
import type { KeyStore, RewrappedKey } from '../security/keystore/KeyStore.js';
import { storedSeries, type StoredSeries } from '../storage/storedSeries.js';
import { keyStoresOf, type RekeyRun } from './RekeyRun.js';

/**
 * Wraps data keys anew under the current key-encryption key: 44 bytes each, and chunks stay as they are. A key that was
 * removed or wrapped anew meanwhile is left alone, and one that does not unwrap stays as it is and is counted.
 */
export async function rewrapDataKeys(run: RekeyRun): Promise<void> {
  for (const series of await storedSeries(run.redis, run.keys)) {
    for (const store of keyStoresOf(run.secrets)) await rewrapSeries(run, series, store);
    if (!run.report.isComplete) return;
  }
}

async function rewrapSeries({ redis, secrets, report, isLate, tell }: RekeyRun, { keys }: StoredSeries, store: KeyStore): Promise<void> {
  let cursor = '0';
  do {
    if (isLate()) {
      report.isComplete = false;
      return;
    }
    const page = await store.scan(redis, keys, cursor);
    const rewrapped: RewrappedKey[] = [];
    for (const [chunkId, before] of page.keys) {
      try {
        const wrappedKey = secrets.chunks.rewrap(before);
        if (wrappedKey !== undefined) rewrapped.push({ chunkId, before, wrappedKey });
      } catch (error) {
        if (!(error instanceof KeyError)) throw error;
        report.failed += 1;
      }
    }
    report.dataKeys += page.keys.length;
    report.rewrapped += await store.replace(redis, keys, rewrapped);
    await tell();
    ({ cursor } = page);
  } while (cursor !== '0');
}
