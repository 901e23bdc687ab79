/**
 * Data classes: what a type declares of its members decides what leaves this process.
 *
 * Prints:
 *   Stored: {"score":7,"device":{"model":"Pixel 8","serial":"R58M-41"}}
 *   Refused: properties.outcome: free text given
 *   Stored: {"duration":3000,"type":"play therapy"}
 */
import { z } from 'zod';

import { declareClasses, defineEventType, ValidationError } from '@/index';
import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

const intake = defineEventType('intake', {
  schema: z.object({ score: z.number(), device: z.object({ model: z.string(), serial: z.string() }), pin: z.string() }),
  classes: { properties: { score: 'phi', device: { serial: 'pii', '*': 'internal' }, pin: 'secret' } },
});
declareClasses(EventType.THERAPY_SESSION, { terms: ['play therapy'] });

const analyticsService = new AnalyticsService();
const stored = async (id: string, type: string): Promise<string> => {
  for (;;) {
    const event = await analyticsService.getEvent(id, { type });
    if (event !== undefined) return JSON.stringify(event.properties);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

// The secret never leaves this process.
const intakeId = await analyticsService.trackEvent({
  type: intake,
  properties: { score: 7, device: { model: 'Pixel 8', serial: 'R58M-41' }, pin: '4711' },
});
console.log('Stored:', await stored(intakeId, intake));

// A therapy session has no place for what somebody said.
try {
  await analyticsService.trackEvent({ type: EventType.THERAPY_SESSION, properties: { outcome: 'she cried for an hour' } });
} catch (error) {
  if (!(error instanceof ValidationError)) throw error;
  console.log('Refused:', error.issues.map(({ path, given }) => `${path}: ${given} given`).join(', '));
}

// Terms of its own pass, and what the type does not declare is left out.
const sessionId = await analyticsService.trackEvent({
  type: EventType.THERAPY_SESSION,
  properties: { duration: 3000, type: 'play therapy', room: 'blue' },
});
console.log('Stored:', await stored(sessionId, EventType.THERAPY_SESSION));
await analyticsService.close();
