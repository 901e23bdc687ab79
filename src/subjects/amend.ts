import { eventIdAt, newBatchId } from '../codec/batchId.js';
import { packEventParts } from '../codec/eventParts.js';
import { jobs } from '../../queues/jobs.js';
import { EventPriority } from '../contract/EventPriority.js';
import type { Event } from '../contract/event.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { TransportSealer } from '../security/TransportSealer.js';
import { exportSubject } from './exportSubject.js';
import type { Amendment } from './options.js';
import type { Requester, SubjectContext } from './SubjectContext.js';

/** The type of the events that amend others: of the same person, so that an export shows both and an erasure takes both. */
export const AMENDMENT_TYPE = 'subject_amendment';

/** That a record was amended. */
export interface AmendmentReceipt {
  /** The id of the amending event, and of the one that it is linked to. */
  readonly id: string;
  readonly amends: string;
}

/** BullMQ's priority of what need not wait behind a backlog. */
const PRIORITY = 1;

/**
 * Links a statement to an event of a person, as an event of its own: what was recorded stays as it was. It goes the way of
 * every event, sealed, through the queue into the store.
 *
 * @returns once it is in the queue
 * @throws AnalyticsError `EVENT_UNKNOWN` when the person has no such event
 */
export async function amend(context: SubjectContext, amendment: Amendment, by: Requester): Promise<AmendmentReceipt> {
  const { keyRing, events, now } = context;
  const { userId, eventId, kind, reason, statement, properties } = amendment;
  const amended = await findEvent(context, userId, eventId);
  if (amended === undefined) throw new AnalyticsError('EVENT_UNKNOWN', 'The person has no event of this id: neither stored nor waiting. Was it erased, or has it expired?');
  const batchId = newBatchId(now());
  const content = { amends: eventId, amendsType: amended.type, kind, reason, by: by.subject, ...(statement !== undefined && { statement }), ...(properties !== undefined && { properties }) };
  const plain = packEventParts({
    batchId,
    priority: EventPriority.HIGH,
    places: [0],
    types: [AMENDMENT_TYPE],
    timestamps: [now()],
    users: [userId],
    sessions: [null],
    callerIds: new Map(),
    properties: [JSON.stringify(content)],
    metadata: [''],
  });
  const sealer = new TransportSealer(Buffer.from(keyRing.publicKey, 'base64'));
  await sealer.prepare();
  const { sealedKey, ciphertext } = sealer.seal(batchId, 'events', 1, plain);
  const payload = { v: 1, to: keyRing.publicId, key: sealedKey.toString('base64'), n: 1, c: ciphertext.toString('base64') };
  await events.add(jobs.events.name, payload, { jobId: batchId, priority: PRIORITY });
  return { id: eventIdAt(batchId, 0), amends: eventId };
}

/** Costs as much as an export up to the event. */
async function findEvent(context: SubjectContext, userId: string, eventId: string): Promise<Event | undefined> {
  for await (const line of exportSubject(context, userId)) if (line.record === 'event' && line.event.id === eventId) return line.event;
  return undefined;
}
