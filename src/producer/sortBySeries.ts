/** Brings items of one series together, in the order in which the series first came; those of one series stay in order. */
export function sortBySeries<Item>(items: readonly Item[], seriesOf: (item: Item) => string): Item[] {
  const bySeries = new Map<string, Item[]>();
  for (const item of items) {
    const series = seriesOf(item);
    const others = bySeries.get(series);
    if (others === undefined) bySeries.set(series, [item]);
    else others.push(item);
  }
  return [...bySeries.values()].flat();
}
