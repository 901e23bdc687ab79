/**
 * Reading as somebody: a patient, a clinician and an analyst each see what their role allows, and an auditor what they read. Run
 * a worker beside it.
 *
 * Prints:
 *   The patient sees 2 events, all of example-patient-1.
 *   The clinician counts 2 of them, and 0 of somebody else's.
 *   The analyst may not ask by userId: FORBIDDEN.
 *   The auditor finds who read the patient's events: example-patient-1; and what analyst-3 was refused: events.count.
 */
import { AccessError } from '@/index';
import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';
import { eventually } from './support/eventually.js';

await using analyticsService = new AnalyticsService();

const userId = 'example-patient-1';
const startTime = Date.now();
for (const action of ['open', 'close']) {
  await analyticsService.trackEvent({ type: EventType.USER_ACTION, userId, properties: { action } });
}

const patient = analyticsService.as({ subject: userId, roles: ['self'], purpose: 'subject-request' });
const own = await eventually(
  () => patient.getEvents({ type: EventType.USER_ACTION, startTime }),
  (events) => events.length === 2,
);
console.log(`The patient sees ${own.length} events, all of ${[...new Set(own.map((event) => event.userId))].join(', ')}.`);

const clinician = analyticsService.as({ subject: 'dr-7', roles: ['clinician'], purpose: 'treatment', panel: [userId] });
const theirs = await clinician.countEvents({ type: EventType.USER_ACTION, startTime });
const others = await clinician.countEvents({ type: EventType.USER_ACTION, startTime, userId: 'somebody-else' });
console.log(`The clinician counts ${theirs} of them, and ${others} of somebody else's.`);

const analyst = analyticsService.as({ subject: 'analyst-3', roles: ['analyst'], purpose: 'research' });
try {
  await analyst.countEvents({ type: EventType.USER_ACTION, userId });
} catch (error) {
  if (!(error instanceof AccessError)) throw error;
  console.log(`The analyst may not ask by ${error.field}: ${error.code}.`);
}

const auditor = analyticsService.as({ subject: 'auditor-1', roles: ['auditor'], purpose: 'audit' });
const { records } = await auditor.audit.whoSaw({ userId, from: startTime, operation: 'events.read' });
const readers = new Set(records.map(({ actor }) => actor.subject));
const refused = await auditor.audit.seenBy({ actor: 'analyst-3', from: startTime, outcome: 'denied' });
console.log(`The auditor finds who read the patient's events: ${[...readers].join(', ')}; and what analyst-3 was refused: ${refused.records[0]?.operation}.`);
