import type { AnalyticsError } from '../errors/AnalyticsError.js';

/** A batch that still takes items. */
export interface OpenBatch<Item> {
  /** A UUIDv7; it becomes the job's id. */
  readonly id: string;
  readonly count: number;
  /** UTF-8 bytes of JSON so far, roughly. */
  readonly bytes: number;
  /** Takes one more. @returns its place, counted from 0 */
  add(item: Item): number;
  /**
   * The compressed content. To be called once: the batch lets go of its items, which would otherwise live on until Redis
   * answers, and most of what a producer's garbage collection costs is copying what lives.
   */
  encode(): Buffer;
}

/** What a caller learns of its batch. */
export type BatchOutcome =
  | { readonly kind: 'acknowledged' }
  /** No answer within the deadline: it may be stored, and goes on being tried. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly error: AnalyticsError };

/** Sends a batch until it is answered. Never rejects; `unknown` means that the service was closed first. */
export type BatchSender = (batch: Pick<OpenBatch<unknown>, 'id' | 'count' | 'encode'>) => Promise<BatchOutcome>;
