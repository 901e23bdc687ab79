/** What of the tags of metrics a query may show. A query without a view shows all of them. */
export interface MetricView {
  /** Whether a tag is shown, and may be asked by. */
  isShown(tag: string): boolean;
  /** @throws the typed refusal */
  refuse(tag: string): never;
}

/** @throws what `view.refuse` throws, for the first of these tags that is not shown: a filter tells as much as the tag */
export function keepToTags(view: MetricView | undefined, tags: Iterable<string>): void {
  if (view === undefined) return;
  for (const tag of tags) if (!view.isShown(tag)) view.refuse(tag);
}

/** The tags that are shown. */
export function shownTags(view: MetricView | undefined, tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (view === undefined || Object.keys(tags).every((tag) => view.isShown(tag))) return tags;
  return Object.fromEntries(Object.entries(tags).filter(([tag]) => view.isShown(tag)));
}
