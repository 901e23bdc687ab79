import { encodeMetricName } from '../redis/keys.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { findIdentifiers } from '../security/guard/findIdentifiers.js';

/**
 * The metric's name as it stands in keys: as it is where that is plain and holds nothing that looks like a person's, else
 * hashed. It asks the detectors and not the guard's policy, which differs between processes: they have to agree on keys.
 */
export function metricKeyName(name: string, fingerprints: Fingerprints): string {
  return encodeMetricName(name, findIdentifiers(name) === undefined, (text) => fingerprints.metricName(text));
}
