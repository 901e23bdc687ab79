import type { AnalyticsService } from '../../../src/index.js';
import type { History } from '../history/History.js';
import { SAMPLE_METRIC } from '../producer/Client.js';
import type { Findings } from './Findings.js';

export interface SampleTally {
  acknowledged: number;
  recovered: number;
  stored: number;
}

/** Every acknowledged sample is there once, every other at most once: count and sum are then those of the clients. */
export async function checkSamples({ samples }: History, service: AnalyticsService, findings: Findings): Promise<SampleTally> {
  const tally: SampleTally = { acknowledged: 0, recovered: 0, stored: 0 };
  const found = new Map<number, number>();
  for (const { value, timestamp } of await service.getMetrics({ name: SAMPLE_METRIC })) {
    tally.stored += 1;
    found.set(value, (found.get(value) ?? 0) + 1);
    const sample = samples.get(value);
    if (found.get(value)! > 1) findings.add('duplicated', `sample ${value}`, `it is stored ${found.get(value)} times`);
    if (sample === undefined) findings.add('unexpected', `sample ${value}`, 'it was tracked by nobody');
    else if (sample.time !== timestamp) findings.add('altered', `sample ${value}`, 'it is stored with another time');
  }
  for (const [value, { outcome }] of samples) {
    const isStored = found.has(value);
    if (outcome === 'acknowledged') tally.acknowledged += 1;
    if (outcome === 'acknowledged' && !isStored) findings.add('lost', `sample ${value}`, 'it was acknowledged and is not stored');
    if (outcome === 'unknown' && isStored) tally.recovered += 1;
    if (outcome === 'refused' && isStored) findings.add('refusedButStored', `sample ${value}`, 'it was refused, and is stored');
  }
  return tally;
}
