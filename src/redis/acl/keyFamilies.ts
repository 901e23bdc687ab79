import { queuePlaces } from '../../../queues/names.js';
import type { Keys } from '../keys.js';

/**
 * The keys of the service by what they are for, as patterns of Redis' access lists. A metric's own hash stands directly
 * under `metrics:`, where the documentation puts it, so its pattern takes in everything of every metric.
 */
export function keyFamilies(keys: Keys) {
  const places = queuePlaces(keys);
  const queueOf = ({ prefix, name }: { readonly prefix: string; readonly name: string }): string => `${prefix}:${name}:*`;
  const event = keys.event('*');
  const metric = keys.metric('*');
  return {
    eventQueue: [queueOf(places.events)],
    metricQueue: [queueOf(places.metrics)],
    maintenanceQueue: [queueOf(places.maintenance)],
    /** What BullMQ writes when a queue is opened, even to look at it. */
    queueMeta: Object.values(places).map(({ prefix, name }) => `${prefix}:${name}:meta`),
    /** BullMQ's stream of what became of jobs. */
    eventQueueEvents: [`${places.events.prefix}:${places.events.name}:events`],
    queueFences: [...new Set(Object.values(places).map(({ prefix }) => keys.queueFence(prefix)))],
    /** What the broadcaster reads. */
    eventFeed: [event.feed, event.counts, event.chunks],
    /** The rest of the events. */
    eventStore: [event.time, event.retired, event.absorbed, event.fence, event.seen, event.batches, event.users('*' as unknown as number)], // a pattern in the place of a day
    eventDataKeys: [event.dataKeys],
    metricStore: [metric.chunks, metric.time, metric.counts, metric.retired, metric.absorbed, metric.fence, metric.tags, metric.pastTags, metric.tier('*')],
    metricDataKeys: [metric.dataKeys],
    catalogues: [keys.eventCatalogue, keys.metricCatalogue],
    keyIdentity: [keys.keyIdentity],
    status: [keys.cleanupStatus, keys.mergeStatus, keys.storeFigures, keys.rekeyStatus, keys.scrubStatus, keys.scrubFindings],
    keyUses: [keys.keyUses],
    schedulesTurn: [keys.schedulesTurn],
    canary: [keys.canary],
    writeProbe: [keys.writeProbe],
    heartbeats: [keys.heartbeat('*'), keys.heartbeats],
    deadLetters: [keys.droppedDeadLetters],
    erased: [keys.erased],
    /** In the Redis of the data keys, where that is one of their own. */
    keyStore: [keys.keyStore],
    restoring: [keys.restoring],
    backups: [keys.backups],
    audit: [keys.audit.heads, keys.audit.tail('*'), keys.audit.blocks('*'), keys.audit.changes],
    erasures: [keys.erasures, keys.erasureLease('*'), keys.holds],
    receipts: [keys.receipts],
    access: [keys.revocations, keys.apiKeys],
    /** Sealed, and sealed anew when keys are rotated. */
    apiKeys: [keys.apiKeys],
    secondFactors: [keys.secondFactors],
    emergencies: [keys.emergencies],
    lockOut: [keys.lockOut.failures, keys.lockOut.forgotten, keys.lockOut.locked],
  } as const satisfies Readonly<Record<string, readonly string[]>>;
}

export type KeyFamily = keyof ReturnType<typeof keyFamilies>;
