import type { Config } from './parseConfig.js';

const DAY_MS = 86_400_000;

export type RetentionConfig = Pick<Config, 'ANALYTICS_RETENTION_DAYS' | 'ANALYTICS_RETENTION_BY_TYPE'>;

/** How many days events of a type are kept: what is said of the type, else `ANALYTICS_RETENTION_DAYS`. Metrics have the latter. */
export function retentionOf(config: RetentionConfig): (type: string) => number {
  const { ANALYTICS_RETENTION_DAYS: days, ANALYTICS_RETENTION_BY_TYPE: byType } = config;
  return (type) => (Object.hasOwn(byType, type) ? byType[type]! : days);
}

/** The earliest time that is kept `days` days, in ms. What lies before it is expired. */
export function oldestKeptAt(days: number, now: number): number {
  return now - days * DAY_MS;
}
