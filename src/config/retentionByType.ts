import { z } from 'zod';

import { eventTypeNamePattern } from '../contract/eventTypes.js';

const MOST_DAYS = 36_500;

/** `ANALYTICS_RETENTION_BY_TYPE`: `security=2190,page_view=30`, days by event type. */
export const retentionByTypeSchema = z.string().transform((text, context): Readonly<Record<string, number>> => {
  const days: Record<string, number> = {};
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  for (const part of text.split(',')) {
    const [type = '', value = '', ...rest] = part.split('=').map((word) => word.trim());
    const number = Number(value);
    if (!eventTypeNamePattern.test(type) || rest.length > 0) {
      refuse('must be a list such as security=2190,page_view=30');
    } else if (!/^\d+$/.test(value) || number < 1 || number > MOST_DAYS) {
      refuse(`the days of ${type} must be a whole number from 1 to ${MOST_DAYS}`);
    } else if (Object.hasOwn(days, type)) {
      refuse(`${type} is there twice`);
    } else days[type] = number;
  }
  return Object.freeze(days);
});
