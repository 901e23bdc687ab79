import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { keysBesideData } from '../security/keystore/keysBesideData.js';
import type { KeyStore } from '../security/keystore/KeyStore.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import type { RekeyReport } from './rekeyStatus.js';

/** What every part of a rotation works with. */
export interface RekeyRun {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  /** Counted up by each part. */
  readonly report: RekeyReport;
  /** Whether time is up, or the process ends: then nothing more is taken up, and the next run goes on. */
  readonly isLate: () => boolean;
  /** Called after each step. */
  readonly tell: () => Promise<void>;
}

/** Where data keys may be: apart, and beside the data from before. */
export function keyStoresOf({ dataKeys }: Pick<ReadingKeys, 'dataKeys'>): readonly KeyStore[] {
  return dataKeys.isApart ? [dataKeys, keysBesideData] : [dataKeys];
}
