/**
 * What a person may ask for: everything that there is of them, and that it be erased. See docs/subject-rights.md.
 *
 * Prints:
 *   Given out: 2 events
 *   Would be erased: 2 events
 *   Held: LEGAL_HOLD
 *   Erased: 0 events left, and the receipt is genuine
 */
import { AnalyticsError } from '@/index';
import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

await using analyticsService = new AnalyticsService();
const { subjects } = analyticsService;
const person = 'person-17';

for (const action of ['open', 'close']) {
  await analyticsService.trackEvent({ type: EventType.USER_ACTION, userId: person, properties: { action, target: 'journal' } });
}

let given = 0;
for await (const line of subjects.export(person)) if (line.record === 'event') given += 1;
console.log(`Given out: ${given} events`);

// Counts, and changes nothing. With `plan.token` the erasure would refuse if there were something else by then.
const plan = await subjects.erase(person, { mode: 'delete', dryRun: true });
console.log(`Would be erased: ${plan.events + plan.queued} events`);

await subjects.hold(person, { reason: 'case 17' });
await subjects.erase(person, { mode: 'delete' }).catch((error: unknown) => {
  if (!(error instanceof AnalyticsError)) throw error;
  console.log(`Held: ${error.code}`);
});
await subjects.release(person, { reason: 'case 17 is closed' });

const receipt = await subjects.erase(person, { mode: 'delete' });
const isGenuine = await subjects.isGenuine(receipt);
console.log(`Erased: ${receipt.content.left.events} events left, and the receipt is ${isGenuine ? 'genuine' : 'false'}`);
