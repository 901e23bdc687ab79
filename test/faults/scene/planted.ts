/** Texts that stand in what the load tracks, and must stand open nowhere: one for each place that a person's data can be in. */
export const planted = {
  user: 'visitor Zaunkoenig-Q71',
  session: 'visit Rotkehlchen-K55',
  property: 'note of Gartengrasmuecke-W18',
  tag: 'ward Wintergoldhaehnchen-T90',
} as const;
