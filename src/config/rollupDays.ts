import { z } from 'zod';

const MOST_DAYS = 36_500;

/** Days that rollups of metrics are kept, by tier, unless `ANALYTICS_ROLLUP_DAYS` says otherwise. */
export const defaultRollupDays = Object.freeze({ '1m': 90, '1h': 730, '1d': 3650 });

export type RollupDays = Readonly<Record<keyof typeof defaultRollupDays, number>>;

/** `ANALYTICS_ROLLUP_DAYS`: `1m=30,1d=36500`, days by tier; tiers that are left out have the default. */
export const rollupDaysSchema = z
  .string()
  .default('')
  .transform((text, context): RollupDays => {
    const days: Record<string, number> = {};
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    for (const part of text === '' ? [] : text.split(',')) {
      const [tier = '', value = '', ...rest] = part.split('=').map((word) => word.trim());
      const number = Number(value);
      if (!Object.hasOwn(defaultRollupDays, tier) || rest.length > 0) {
        refuse('must be a list such as 1m=90,1h=730,1d=3650');
      } else if (!/^\d+$/.test(value) || number < 1 || number > MOST_DAYS) {
        refuse(`the days of ${tier} must be a whole number from 1 to ${MOST_DAYS}`);
      } else if (Object.hasOwn(days, tier)) {
        refuse(`${tier} is there twice`);
      } else days[tier] = number;
    }
    return Object.freeze({ ...defaultRollupDays, ...days });
  });
