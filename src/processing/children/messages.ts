/** What a child is given to do: the members of a BullMQ job that processors read. */
export interface ChildJob {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
}

/** What a file in `processors` exports. BullMQ's own sandbox would call it the same way. */
export type ProcessorFunction = (job: ChildJob, token: string | undefined, signal: AbortSignal) => Promise<unknown>;

export type CancelReason = 'deadline' | 'shutdown';

/** From the worker to a child. */
export type MessageToChild =
  | { readonly kind: 'run'; readonly job: ChildJob; readonly token: string | undefined }
  | { readonly kind: 'cancel'; readonly reason: CancelReason };

/** From a child to its worker. `rss`, in bytes, comes with some results only. */
export type MessageFromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'completed'; readonly value: unknown; readonly rss?: number | undefined }
  | { readonly kind: 'failed'; readonly message: string; readonly isFinal: boolean; readonly rss?: number | undefined };

/** The most that a job may return, characters of JSON: results are counts, and both ends hold them in memory. */
export const MOST_RESULT = 65_536;
