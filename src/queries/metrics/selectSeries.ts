import type { z } from 'zod';

import { Breath } from '../../storage/Breath.js';
import { metricKeyName } from '../../storage/metricKeyName.js';
import type { MetricQueryContext } from './MetricQueryContext.js';
import { compileTagFilter, type tagFilterSchema } from './tagFilter.js';

/** The series that a query is about. */
export interface SelectedSeries {
  /** The metric's name as it stands in keys. */
  readonly keyName: string;
  /** Their ids; undefined where there is no filter: all there are. */
  readonly series: ReadonlySet<string> | undefined;
  /** The tags of series, each object frozen. A series that clean-up removed is left out. */
  readonly tagsOf: (seriesIds: Iterable<string>) => Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
}

/**
 * Finds the series of a metric that pass a filter.
 * @param filter as `tagFilterSchema` gives it
 * @throws ValidationError for tags that cannot be stored; KeyError when tags do not open
 */
export async function selectSeries(name: string, filter: z.output<typeof tagFilterSchema> | undefined, context: MetricQueryContext): Promise<SelectedSeries> {
  const tests = compileTagFilter(name, filter ?? {}, context);
  const keyName = metricKeyName(name, context.secrets.fingerprints);
  let series: Set<string> | undefined;
  if (tests.length > 0) {
    series = new Set();
    const breath = new Breath();
    for (const [id, known] of await context.catalogue.all(keyName)) {
      if (tests.every((test) => test(known))) series.add(id);
      await breath.take();
    }
  }
  return {
    keyName,
    series,
    tagsOf: async (seriesIds) => {
      const found = await context.catalogue.some(keyName, seriesIds);
      return new Map(Array.from(found, ([id, { tags }]) => [id, tags]));
    },
  };
}
