import type { Tier } from '../../codec/rollups/tiers.js';

/** A tier as it stands in keys and in the configuration. */
export const tierNames = { minute: '1m', hour: '1h', day: '1d' } as const satisfies Record<Tier, string>;
