import { z } from 'zod';

import { eventSchema } from './event.js';
import { eventTypeNamePattern } from './eventTypes.js';
import { textSchema } from './json.js';
import { limits } from './limits.js';

/** The place of an event in the order in which the events of its type were stored, counted from 1. */
export const placeSchema = z.object({
  /** Names one life of a type's feed. Offsets of different epochs cannot be compared. */
  epoch: z.string().regex(/^[0-9a-f]{1,32}$/),
  offset: z.number().int().nonnegative(),
});
export type Place = Readonly<z.output<typeof placeSchema>>;

/** How far a client has read: event type → place of the last event. */
export const positionSchema = z.record(z.string().regex(eventTypeNamePattern), placeSchema);
export type Position = Readonly<Record<string, Place>>;

/** The first message of a client; again later to bring a new token before the old one expires. */
export const authenticateSchema = z.object({
  type: z.literal('authenticate'),
  userId: textSchema(limits.subjectLength),
  /** A JWT whose `sub` is `userId`. May be absent in development only. */
  token: z.string().min(1).max(8192).optional(),
});

/** Somebody is there: puts off the time at which an idle socket is closed. */
export const activeSchema = z.object({ type: z.literal('active') });

/** Everything that a client may send. */
export const clientMessageSchema = z.discriminatedUnion('type', [authenticateSchema, activeSchema]);
export type ClientMessage = z.output<typeof clientMessageSchema>;

export const authenticatedSchema = z.object({
  type: z.literal('authenticated'),
  userId: z.string(),
  /** Every event stored after it will be sent. */
  position: positionSchema,
});

export const analyticsEventSchema = z.object({
  type: z.literal('analytics_event'),
  event: eventSchema,
  /** The event's own place; its type is `event.type`. */
  position: placeSchema,
});

/** Why events may have passed: the feed no longer reaches back so far, or it went back itself, as after a loss of data. */
export const resyncReasons = ['trimmed', 'epoch'] as const;
export type ResyncReason = (typeof resyncReasons)[number];

/** Events may have passed that were not sent: read what is missing with `getEvents`. */
export const resyncSchema = z.object({
  type: z.literal('resync'),
  /** The event types that it concerns. */
  types: z.array(z.string()),
  reason: z.enum(resyncReasons),
});

export const errorCodes = ['bad_message', 'unauthenticated', 'forbidden', 'rate_limited', 'expired', 'revoked', 'idle', 'unavailable'] as const;

export const errorSchema = z.object({
  type: z.literal('error'),
  code: z.enum(errorCodes),
  message: z.string(),
});

/** Everything that a server may send. */
export const serverMessageSchema = z.discriminatedUnion('type', [authenticatedSchema, analyticsEventSchema, resyncSchema, errorSchema]);
export type ServerMessage = z.output<typeof serverMessageSchema>;
export type SocketErrorCode = (typeof errorCodes)[number];

/**
 * Why a socket was closed. `reason` is a constant: it never holds an id. After a code that is not `retriable` a client
 * that tries again with the same credentials only fails again.
 */
export const closeCodes = {
  restarting: { code: 1012, reason: 'restarting', retriable: true },
  internal: { code: 1011, reason: 'internal error', retriable: true },
  slow: { code: 4008, reason: 'slow', retriable: true },
  badMessage: { code: 4400, reason: 'bad message', retriable: false },
  unauthenticated: { code: 4401, reason: 'unauthenticated', retriable: false },
  forbidden: { code: 4403, reason: 'forbidden', retriable: false },
  idle: { code: 4408, reason: 'idle', retriable: true },
  replaced: { code: 4409, reason: 'replaced', retriable: false },
  lockedOut: { code: 4423, reason: 'locked out', retriable: true },
  tokenExpired: { code: 4410, reason: 'token expired', retriable: true },
  revoked: { code: 4411, reason: 'revoked', retriable: false },
  rateLimited: { code: 4429, reason: 'too many messages', retriable: true },
} as const;
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
