/** Tracks events until it is killed, and says of each that was acknowledged which one it was. */
import { AnalyticsService, EventType } from '../../../../src/lib/services/analytics/AnalyticsService.js';
import { people } from '../../../support/witness/people.js';

const service = new AnalyticsService({ deadlineMs: 2000 });
for (let number = 0; ; number += 1) {
  const tracked = service.trackEvent({ type: EventType.CUSTOM, userId: people.ann, properties: { number, text: 'words-in-clear'.repeat(20) } });
  void tracked.then(
    (id) => process.stdout.write(`${id}\n`),
    () => undefined,
  );
  // Several at a time, so that a kill meets one that is being written.
  if (number % 7 === 0) await tracked.catch(() => undefined);
}
