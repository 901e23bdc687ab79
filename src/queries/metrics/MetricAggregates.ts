/** One bucket of one group: its beginning in ms since 1970, and each aggregation by its name; null where there is no number. */
export type AggregatePoint<Name extends string = string> = { readonly time: number } & { readonly [Aggregation in Name]: number | null };

/** One group. */
export interface AggregateSeries<Name extends string = string> {
  /** The tags of `groupBy` that the group has. */
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly points: readonly AggregatePoint<Name>[];
}

/** What `aggregateMetrics` gives. */
export interface MetricAggregates<Name extends string = string> {
  readonly name: string;
  readonly aggregations: readonly Name[];
  readonly interval: number | string | null;
  readonly timezone: string;
  /** A group each, in the order of their tags; only groups with samples. */
  readonly series: readonly AggregateSeries<Name>[];
  /** What the answer was computed from. */
  readonly source: {
    /** Samples looked at one by one. */
    readonly samples: number;
    /** Rows of rollups looked at; each stands for the samples of one series and minute, hour or day. */
    readonly rollupRows: number;
    /** Hours of which only coarser rollups are kept than the query needs: they are not in the answer. */
    readonly hoursLeftOut: number;
  };
}
