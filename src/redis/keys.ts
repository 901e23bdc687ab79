import { createHash } from 'node:crypto';

import type { RedisConfig } from '../config/redisPlace.js';

/** Names every Redis key of the service. Nothing else builds a key string. */
export interface Keys {
  readonly prefix: string;
  /** BullMQ's `prefix` for the queue `queue`: its keys are `{prefix}events:queue:*`. */
  readonly eventQueuePrefix: string;
  /** BullMQ's `prefix` for the other queues: `{prefix}queues:{name}:*`. */
  readonly queuePrefix: string;

  /** String: written before replicas are waited for, behind what was added under that BullMQ prefix; expires. */
  queueFence(queuePrefix: string): string;

  /** The keys of one event type's series. */
  event(type: string): EventKeys;
  /** The keys of one metric's series. `name` is the encoded name, see `encodeMetricName`. */
  metric(name: string): MetricKeys;

  /** Hash: encoded metric name → sealed name. Found by listing, so that clean-up knows every metric. */
  readonly metricCatalogue: string;
  /** Hash: event type → '1'. Every type that was ever stored. */
  readonly eventCatalogue: string;
  /** Hash: which keys this data is sealed under, so that a process with others finds out when it starts. */
  readonly keyIdentity: string;
  /** Hash, in the Redis of the data keys where that is one of their own: `id` names it, `data` the data that its keys belong to. */
  readonly keyStore: string;
  /** Hash: key id → how often that key has sealed a field. */
  readonly keyUses: string;
  /** Hash: when each clean-up last finished and what it removed. */
  readonly cleanupStatus: string;
  /** Hash: when the last merge finished and what it did. */
  readonly mergeStatus: string;
  /** Hash: how far the last rotation of keys came. */
  readonly rekeyStatus: string;
  /** Hash: when the store was last scrubbed, and how far the scrub that is under way has come. */
  readonly scrubStatus: string;
  /** Hash: what the scrub found that does not open: series and chunk id → when, and why. */
  readonly scrubFindings: string;
  /** Hash: how much the store holds, as the last merge found it. */
  readonly storeFigures: string;
  /** String: there while one process declares the schedules or begins them anew, and no other is to. Expires. */
  readonly schedulesTurn: string;
  /** Hash: how the test events fare that go through everything: see `noteCanary.lua`. Expires. */
  readonly canary: string;
  /** Hash: what was revoked, as hashes → since when and until when it has to be remembered, ms; `v` → version. */
  readonly revocations: string;
  /** Hash: id of an API key → what it allows, and the hash of its secret, sealed. */
  readonly apiKeys: string;
  /** Hash: second factors of people, their last codes and recovery codes; see `replaceFactor.lua`. */
  readonly secondFactors: string;
  /** Hash: id of an emergency access → when it ends, and who it is, why and about whom, sealed. */
  readonly emergencies: string;
  /** String: written to find out whether Redis takes writes. Expires. */
  readonly writeProbe: string;
  /** Hash: a process's last heartbeat and figures; one key each, with a TTL. */
  heartbeat(process: string): string;
  /**
   * Set: the ids of the heartbeats, some of which may have expired. A SCAN for them would walk every job that waits, and
   * on Redis Cluster one node only.
   */
  readonly heartbeats: string;
  /** Stream: which dead letters were dropped; who did it and why, sealed. Trimmed by age and length. */
  readonly droppedDeadLetters: string;
  /**
   * Hash: keyed hash of a user (16 bytes) → when they were last erased, ms; `generation` → how many erasures there were;
   * `latest` → the latest of those times; `purges` → how often chunks were replaced, so that readers forget the old ones.
   */
  readonly erased: string;
  /** Hash: which run of a backup is being put back. As long as it is there no process starts. */
  readonly restoring: string;
  /** Hash: id of a folder that data keys of a backup lie in → when a run was last put in place with it, ms. An erasure has to reach all of them. */
  readonly backups: string;
  /** Hash: id of an erasure that runs → what it is about and how far it came, sealed. Removed when it is done. */
  readonly erasures: string;
  /** String: which process carries out the erasure of that id. Expires. */
  erasureLease(id: string): string;
  /** Hash: keyed hash of a user whose data are held → why, by whom and until when, sealed. */
  readonly holds: string;
  /** Hash: id of an erasure → its receipt, signed. It stays. */
  readonly receipts: string;
  /** The audit log. */
  readonly audit: AuditLogKeys;
  /** Failed sign-ins. */
  readonly lockOut: LockOutKeys;
}

/** All in one slot: a failure is counted, and locks out, in one step. They expire together. */
export interface LockOutKeys {
  /** Hash: keyed hash of an address or a person at a door → failures, when their window ends, locks, until when it is locked out. */
  readonly failures: string;
  /** Sorted set: these hashes by when they are forgotten, ms. */
  readonly forgotten: string;
  /** Sorted set: those that are locked out, by until when, ms. */
  readonly locked: string;
}

/** All in one slot: an append writes a chain and the list of chains. */
export interface AuditLogKeys {
  /** Hash: chain id → number of its last record, when it was written, its hash: see `ChainHead`. */
  readonly heads: string;
  /** List: what was appended to a chain, in order, each one or several records, sealed. */
  tail(chain: string): string;
  /** List: what was in the tail before, in order, many appends to a block. */
  blocks(chain: string): string;
  /** Hash: chain → how often blocks of it were made or removed, so that a reader of several pages sees that one came in between. */
  readonly changes: string;
}

export interface SeriesKeys {
  /**
   * Hash: chunk id (16 bytes) → sealed chunk; a small event chunk's last offset (8 bytes) stands before it. Of a merged
   * chunk that field holds its header and head, and `blockField` names its blocks.
   */
  readonly chunks: string;
  /** Sorted set: score = latest time in the chunk; member = see `ChunkIndexEntry`. */
  readonly time: string;
  /** Hash: chunk id → its wrapped data key. */
  readonly dataKeys: string;
  /**
   * Hash: UTC hour number → events (or samples) stored in it; `s<hour>` → small chunks in it, which is how merging finds
   * its work; `m<hour>` → swaps in it so far, so that a reader of several pages sees that one came in between. For events
   * also `offset` (of the last one stored), `epoch`, and `erased` (the generation of the latest erasure). One hash, so that
   * one HSET changes all of them or none.
   */
  readonly counts: string;
  /** Sorted set: index members of chunks that were merged into others, by when, ms. They stay readable for a while. */
  readonly retired: string;
  /**
   * Hash: UTC hour → the first 8 bytes of the id of each small chunk of it that was merged, or '*' when they are spread
   * over `<hour>.<first byte>`. A job that comes again finds its chunk here.
   */
  readonly absorbed: string;
  /** String: written before replicas are waited for, behind what a script wrote here; expires. */
  readonly fence: string;
}

export interface EventKeys extends SeriesKeys {
  /** Stream: what was stored, in order. An entry's id is `{last offset of its chunk}-0`. */
  readonly feed: string;
  /** Hash: bucket → records of the ids of callers that were stored, `n` → how many buckets. See storeEventChunk.lua. */
  readonly seen: string;
  /** Hash: the same of batches. */
  readonly batches: string;
  /** HyperLogLog: the different users of a UTC day (days since 1970), as keyed 8-byte hashes. Expires with the day's events. */
  users(day: number): string;
}

export interface MetricKeys extends SeriesKeys {
  /** Hash: series id → hour of its latest sample (4 bytes), its sealed tags. As many as a metric may have series. */
  readonly tags: string;
  /** Hash: the same of series whose samples have expired, and that only rollups still tell of. */
  readonly pastTags: string;
  /** Hash: number of a period → chunk id (16 bytes); chunk id → sealed rollup of that period. */
  readonly tier: (tier: string) => string;
}

/**
 * @param prefix ends with ':'
 * @param cluster puts the placeholder in braces, so that all keys of one script share a slot
 */
export function createKeys(prefix: string, { cluster = false }: { cluster?: boolean } = {}): Keys {
  const tag = cluster ? (name: string) => `{${name}}` : (name: string) => name;
  const one = (name: string) => `${prefix}${name}`;
  return {
    prefix,
    eventQueuePrefix: cluster ? `{${prefix}events}` : `${prefix}events`,
    queuePrefix: cluster ? `{${prefix}queues}` : `${prefix}queues`,
    queueFence: (queuePrefix) => `${queuePrefix}:fence`,
    event(type) {
      const name = tag(type);
      return {
        chunks: one(`events:processed:${name}`),
        time: one(`events:time:${name}`),
        dataKeys: one(`events:keys:${name}`),
        counts: one(`events:counts:${name}`),
        retired: one(`events:retired:${name}`),
        absorbed: one(`events:absorbed:${name}`),
        fence: one(`events:fence:${name}`),
        feed: one(`events:feed:${name}`),
        seen: one(`events:seen:${name}`),
        batches: one(`events:batches:${name}`),
        users: (day) => one(`events:users:${name}:${day}`),
      };
    },
    metric(name) {
      const placed = tag(name);
      return {
        chunks: one(`metrics:${placed}`),
        time: one(`metrics:time:${placed}`),
        dataKeys: one(`metrics:keys:${placed}`),
        counts: one(`metrics:counts:${placed}`),
        retired: one(`metrics:retired:${placed}`),
        absorbed: one(`metrics:absorbed:${placed}`),
        fence: one(`metrics:fence:${placed}`),
        tags: one(`metrics:tags:${placed}`),
        pastTags: one(`metrics:past:${placed}`),
        tier: (tier) => one(`metrics:tier:${placed}:${tier}`),
      };
    },
    metricCatalogue: one('catalogue:metrics'),
    eventCatalogue: one('catalogue:events'),
    keyIdentity: one('keys:identity'),
    keyStore: one('keys:store'),
    keyUses: one('keys:uses'),
    cleanupStatus: one('health:cleanup'),
    mergeStatus: one('health:merge'),
    storeFigures: one('health:store'),
    rekeyStatus: one('health:rekey'),
    scrubStatus: one('health:scrub'),
    scrubFindings: one('health:scrubbed'),
    schedulesTurn: one('schedules:turn'),
    canary: one('health:canary'),
    revocations: one('access:revoked'),
    apiKeys: one('access:keys'),
    secondFactors: one('access:factors'),
    emergencies: one('access:emergencies'),
    writeProbe: one('health:probe'),
    heartbeat: (process) => one(`health:process:${process}`),
    heartbeats: one('health:processes'),
    droppedDeadLetters: one('deadletters:dropped'),
    audit: {
      heads: one(`${tag('audit')}:heads`),
      tail: (chain) => one(`${tag('audit')}:tail:${chain}`),
      blocks: (chain) => one(`${tag('audit')}:blocks:${chain}`),
      changes: one(`${tag('audit')}:changes`),
    },
    lockOut: {
      failures: one(`${tag('lockout')}:failures`),
      forgotten: one(`${tag('lockout')}:forgotten`),
      locked: one(`${tag('lockout')}:locked`),
    },
    erased: one('subjects:erased'),
    restoring: one('backup:restoring'),
    backups: one('backup:folders'),
    erasures: one('subjects:erasures'),
    erasureLease: (id) => one(`subjects:lease:${id}`),
    holds: one('subjects:holds'),
    receipts: one('subjects:receipts'),
  };
}

/** The keys of a configured service: for a cluster, if that is what it is. */
export function keysOf(config: Pick<RedisConfig, 'REDIS_CLUSTER'> & { readonly REDIS_PREFIX: string }): Keys {
  return createKeys(config.REDIS_PREFIX, { cluster: config.REDIS_CLUSTER !== undefined });
}

const PLAIN_NAME = /^[a-z][a-z0-9_.]{0,63}$/;

/**
 * A metric's name as it stands in keys. Plain names stand as they are; any other is replaced by a keyed hash behind '~',
 * which no plain name begins with, so two names never share a key and no name can reach another key of the service.
 *
 * @param digest a keyed hash of the name, at least 16 bytes; see `Fingerprints.name`
 */
export function encodeMetricName(name: string, isClear: boolean, digest: (name: string) => Buffer): string {
  return isClear && PLAIN_NAME.test(name) ? name : `~${digest(name).subarray(0, 16).toString('base64url')}`;
}

/** The 16 bytes that name the chunk of `jobId` for one series and UTC hour: the same whenever the job runs again. */
export function chunkIdOf(jobId: string, series: string, hour: number): Buffer {
  return createHash('sha256').update(`${jobId}\n${series}\n${hour}`).digest().subarray(0, 16);
}

/** The field of a merged chunk's block, in the hash of chunks: the chunk's id, then the block's number in a byte. */
export function blockField(chunkId: Buffer, block: number): Buffer {
  return Buffer.concat([chunkId, Buffer.of(block)]);
}
