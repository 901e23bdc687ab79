import type { Config } from '../config/parseConfig.js';
import { eventTypes } from '../contract/defineEventType.js';
import { normalizeEvent } from '../producer/normalizeEvent.js';
import { configuredGuard } from '../security/guard/configuredGuard.js';
import type { ReplayEvent } from './createReplayRecords.js';

/**
 * What the service's guard makes of an event: a query string may hold an address or a name, which is masked before it is
 * sent. The comparison has to expect that.
 */
export function guardReplayEvent(config: Config): (event: ReplayEvent) => ReplayEvent {
  const guard = configuredGuard(config);
  return (event) => {
    const { propertiesJson, metadataJson = '{}' } = normalizeEvent(event, { types: eventTypes, guard, now: event.timestamp });
    const properties = JSON.parse(propertiesJson) as ReplayEvent['properties']; // a guarded copy of what went in
    return { ...event, properties, metadata: JSON.parse(metadataJson) as ReplayEvent['metadata'] };
  };
}
