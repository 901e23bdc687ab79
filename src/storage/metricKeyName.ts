import { encodeMetricName } from '../redis/keys.js';
import type { Fingerprints } from '../security/Fingerprints.js';

/** Ten digits in a row, or a pair around a dot, could be a number of a person; such a name is not put in a key in clear. */
const LOOKS_PERSONAL = /\d{6,}/;

/** The metric's name as it stands in keys: as it is where that is plain and says nothing of a person, else hashed. */
export function metricKeyName(name: string, fingerprints: Fingerprints): string {
  return encodeMetricName(name, !LOOKS_PERSONAL.test(name), (text) => fingerprints.metricName(text));
}
