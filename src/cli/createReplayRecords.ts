import { EventPriority } from '../contract/EventPriority.js';
import { EventType } from '../contract/EventType.js';
import type { JsonObject } from '../contract/json.js';
import type { AccessLogRequest } from './parseAccessLogLine.js';

/** An event of the replay, as `trackEvent` takes it. */
export interface ReplayEvent {
  readonly type: EventType;
  readonly priority: EventPriority;
  readonly userId: string;
  readonly sessionId: string;
  readonly timestamp: number;
  readonly properties: JsonObject;
  readonly metadata: JsonObject;
}

/** A sample of the replay, as `trackMetric` takes it. */
export interface ReplaySample {
  readonly name: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

export interface ReplayRecords {
  /** The page view and, for a status of 400 and above, an error. */
  readonly events: readonly ReplayEvent[];
  readonly sample: ReplaySample;
}

/** The metric that holds the bytes of each answer. */
export const RESPONSE_BYTES = 'http_response_bytes';
/** A visitor who was away for longer than this begins a new session: what web statistics usually take. */
const SESSION_PAUSE_MS = 30 * 60_000;

/**
 * Turns requests into events and samples, one after the other in the order of the log.
 *
 * A visitor is the client's address: sign in under it to see the visitor's events.
 *
 * @param shiftMs is added to each time
 */
export function createReplayRecords(shiftMs: number): (request: AccessLogRequest) => ReplayRecords {
  const visitors = new Map<string, { readonly number: number; session: number; lastMs: number }>();

  function sessionOf(address: string, timeMs: number): string {
    const visitor = visitors.get(address) ?? { number: visitors.size + 1, session: 1, lastMs: timeMs };
    if (timeMs - visitor.lastMs > SESSION_PAUSE_MS) visitor.session += 1;
    visitor.lastMs = Math.max(visitor.lastMs, timeMs);
    visitors.set(address, visitor);
    return `visit-${visitor.number}-${visitor.session}`;
  }

  return (request) => {
    const timestamp = request.timeMs + shiftMs;
    const { address, status, bytes, method, path, protocol, referrer, agent } = request;
    const common = {
      priority: priorityOf(status),
      userId: address,
      sessionId: sessionOf(address, request.timeMs),
      timestamp,
      metadata: { ...(agent !== undefined && { agent }), ...(protocol !== undefined && { protocol }) },
    };
    const page = { page: path ?? request.request, status, ...(method !== undefined && { method }) };
    const view: ReplayEvent = {
      ...common,
      type: EventType.PAGE_VIEW,
      properties: { ...page, bytes, ...(referrer !== undefined && { referrer }) },
    };
    const error: ReplayEvent = { ...common, type: EventType.ERROR, properties: page };
    return {
      events: status >= 400 ? [view, error] : [view],
      sample: {
        name: RESPONSE_BYTES,
        value: bytes,
        tags: { method: method ?? 'none', status: String(status) },
        timestamp,
      },
    };
  };
}

/** Redirections can wait, what failed cannot. */
function priorityOf(status: number): EventPriority {
  if (status >= 500) return EventPriority.CRITICAL;
  if (status >= 400) return EventPriority.HIGH;
  if (status >= 300) return EventPriority.LOW;
  return EventPriority.NORMAL;
}
