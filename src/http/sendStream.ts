import { once } from 'node:events';

import type { Response } from 'express';

/** Lines are gathered to pieces of so many characters: a write for each would cost more than the line. */
const PIECE = 32 * 1024;
/** A client that takes nothing for so long has what is kept for it let go. */
const STALLED_MS = 30_000;

export interface StreamOptions {
  readonly contentType: string;
  /** Ends what is under way, so that a server can close. */
  readonly signal: AbortSignal;
  /** Default: 30,000 ms. */
  readonly stalledMs?: number;
}

/**
 * Sends what a generator gives as fast as the client reads, and ends it when the client goes away. The status is decided by the
 * first line: until there is one, an error is answered as any other. After that the connection is cut, so that nobody takes a
 * part for the whole: only an end in order has the last chunk.
 * @throws whatever the generator throws, before or after the first line
 */
export async function sendStream(response: Response, lines: AsyncGenerator<string, unknown, undefined>, { contentType, signal, stalledMs = STALLED_MS }: StreamOptions): Promise<void> {
  const gone = new AbortController();
  const onGone = (): void => gone.abort();
  response.once('close', onGone);
  signal.addEventListener('abort', onGone, { once: true });
  try {
    let next = await lines.next();
    if (gone.signal.aborted) return;
    response.status(200).set({ 'Content-Type': contentType });
    let piece = '';
    while (next.done !== true && !gone.signal.aborted) {
      piece += next.value;
      if (piece.length >= PIECE) {
        if (!response.write(piece)) await drained(response, gone.signal, stalledMs);
        piece = '';
      }
      next = await lines.next();
    }
    if (!gone.signal.aborted) response.end(piece);
  } finally {
    signal.removeEventListener('abort', onGone);
    response.off('close', onGone);
    if (response.headersSent && !response.writableEnded) response.destroy();
    await lines.return(undefined).catch(() => undefined); // nobody wants what it had left to say
  }
}

async function drained(response: Response, gone: AbortSignal, stalledMs: number): Promise<void> {
  const stalled = AbortSignal.timeout(stalledMs);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([gone, stalled]) });
  } catch {
    // The client has gone, or takes nothing: either ends it.
    response.destroy();
  }
}
