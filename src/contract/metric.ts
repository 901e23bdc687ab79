import { z } from 'zod';
import { textSchema, timeSchema } from './json.js';
import { limits } from './limits.js';

const tagsSchema = z.record(textSchema(limits.tagKeyLength), textSchema(limits.tagValueLength, 0));

/** What `trackMetric` takes. The producer checks it with `normalizeMetric`; this is the same in words. */
export const metricDataSchema = z.strictObject({
  /** Any Unicode, 1 to 256 UTF-16 units. */
  name: textSchema(limits.metricNameLength),
  /** A finite number; -0 stays -0. */
  value: z.number(),
  /** Samples with the same tags are one series. At most 32. Default: none. */
  tags: tagsSchema.refine((tags) => Object.keys(tags).length <= limits.tags).optional(),
  /** Milliseconds since 1970; fractions are cut off. Default: now. */
  timestamp: z.number().nonnegative().optional(),
});

/** What `getMetrics` returns. */
export const metricSchema = z.object({
  name: textSchema(limits.metricNameLength),
  value: z.number(),
  tags: tagsSchema,
  /** Milliseconds since 1970. */
  timestamp: timeSchema,
});

/** What `trackMetric` takes. */
export type MetricData = Readonly<Omit<z.input<typeof metricDataSchema>, 'tags'>> & {
  readonly tags?: Readonly<Record<string, string>> | undefined;
};

/** One sample of a metric as it is stored and read back. */
export type Metric = Readonly<Omit<z.output<typeof metricSchema>, 'tags'>> & {
  readonly tags: Readonly<Record<string, string>>;
};
