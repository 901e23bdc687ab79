import { encodeMetricName } from '../redis/keys.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { findIdentifiers } from '../security/guard/findIdentifiers.js';

/**
 * The metric's name as it stands in keys: as it is where that is plain and holds nothing that looks like a person's, else
 * hashed. It asks the detectors and not the guard's policy, which differs between processes: they have to agree on keys.
 */
export function metricKeyName(name: string, fingerprints: Fingerprints): string {
  return encodeMetricName(name, !looksPersonal(name), (text) => fingerprints.metricName(text));
}

/** What a metric's sealed name is bound to. */
export function metricNamePlace(keyName: string): string {
  return `metric name|${keyName}`;
}

/** A separator that does not stand between two digits, and the seam of a word and a number. */
const SEAMS = /[._](?![0-9])|(?<![0-9])[._]|(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])/g;

/**
 * A plain name has no other separators than "." and "_", and to a detector `visits.of.203.0.113.7` and `ssn_078_05_1120`
 * are one word each. So it is read as words and numbers, the numbers with the separators that people write in them.
 */
function looksPersonal(name: string): boolean {
  const words = name.replace(SEAMS, ' ');
  const readings = [name, words, words.replaceAll('_', '.'), words.replaceAll(/[._]/g, '-')];
  return readings.some((text) => findIdentifiers(text) !== undefined);
}
