import type { KeyFamily } from './keyFamilies.js';

/** What may be done with some keys. */
export interface AclRight {
  readonly keys: readonly KeyFamily[];
  /** Names as Redis has them, in lower case; of a subcommand `memory|usage`. */
  readonly commands: readonly string[];
}

/** A user of Redis, for one kind of process. */
export interface AclUser {
  readonly what: string;
  readonly rights: readonly AclRight[];
  /** Commands that have no keys, besides those that every connection uses. */
  readonly alone?: readonly string[];
}

const may = (keys: readonly KeyFamily[], commands: string): AclRight => ({ keys, commands: commands.split(' ') });

const queues = ['eventQueue', 'metricQueue', 'maintenanceQueue'] as const;
const events = ['eventFeed', 'eventStore'] as const;
const dataKeys = ['eventDataKeys', 'metricDataKeys'] as const;

/** The public key that data is sealed to. Whoever only produces compares it; who reads leaves it there, and rotates it. */
const comparesKeys = may(['keyIdentity'], 'hexists hget hgetall hmget');
const joinsKeys = may(['keyIdentity'], 'hexists hget hgetall hmget hset hsetnx');
/** Who was erased: nothing of theirs is stored any more, and readers forget what they held. */
const heedsErasures = may(['erased'], 'hget hmget');

/** Keys and tokens that let somebody in, and those that do so no longer. */
const checksAccess = may(['access', 'emergencies'], 'hget hgetall hkeys hlen hmget hscan');

/** Whoever opens the service finds out whether what is there is ours, and of a release that fits. */
const looks: readonly AclRight[] = [
  may(['catalogues', 'keyIdentity', 'status', 'canary', 'heartbeats'], 'type'),
  may(['heartbeats'], 'hgetall pttl smembers'),
  may(['restoring'], 'exists'),
];

/** What each role does when it starts (`checkStart`), and by its heartbeat. */
const runs: readonly AclRight[] = [
  joinsKeys,
  heedsErasures,
  ...looks,
  checksAccess,
  may(['heartbeats'], 'hset hgetall pexpire pttl del sadd srem smembers'),
];

/** What BullMQ's scripts do with a queue: its workers, its schedules, and whoever looks after its jobs. */
const keepsQueues = (keys: readonly KeyFamily[]): AclRight =>
  may(
    keys,
    'bzpopmin del exists get hdel hexists hget hgetall hincrby hlen hmget hmset hset incr incrby lindex llen lpop lpos lpush lrange lrem lset ltrim ' +
      'persist pexpire pexpireat pttl rename rpop rpoplpush rpush sadd scard set sismember smembers srem type unlink xadd xdel xlen xrange xread xrevrange ' +
      'xtrim zadd zcard zcount zlexcount zpopmin zrandmember zrange zrangebylex zrangebyscore zrem zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zscore',
  );

/** Adds jobs of its own, and cannot take, change or remove any: there is no DEL and nothing that pops. */
const addsJobs = (keys: readonly KeyFamily[]): readonly AclRight[] => [
  may(keys, 'exists hget hmget hmset incr hset llen lpush xadd zadd zcard zrandmember'),
  may(['queueMeta'], 'hget hmget hset'),
  may(['queueFences'], 'set'),
];

const countsJobs: readonly AclRight[] = [may(queues, 'hget hmget llen lindex pttl zcard zcount zrandmember zrange zrevrangebyscore zscore'), may(['queueMeta'], 'hset')];

const produces: readonly AclRight[] = [comparesKeys, ...looks, ...addsJobs(['eventQueue', 'metricQueue'])];

/** Each read is recorded before its answer leaves, so whoever reads also appends to the audit log. */
const records: readonly AclRight[] = [may(['audit'], 'hget hgetall hset lindex llen lrange rpush')];

/** A door where people or programs sign in: counts who fails, and locks them out. */
const keepsDoors = may(['lockOut'], 'hdel hget hmget hset pexpire zadd zcard zcount zrange zrangebyscore zrem zremrangebyscore');

const readsStore: readonly AclRight[] = [
  may([...events, ...dataKeys, 'metricStore', 'catalogues'], 'exists get hexists hget hgetall hkeys hlen hmget hscan hstrlen mget type xlen xrange xrevrange zcard zmscore zrange zrangebyscore zrevrangebyscore zscore'),
];

const reads: readonly AclRight[] = [joinsKeys, heedsErasures, checksAccess, may(['emergencies'], 'hset'), may(['lockOut'], 'zcount'), ...looks, ...readsStore, ...countsJobs, ...records, may(['status', 'canary'], 'hget hgetall')];

const processes: readonly AclRight[] = [
  ...runs,
  keepsQueues(queues),
  may(['queueFences'], 'set'),
  may(
    [...events, ...dataKeys, 'metricStore', 'catalogues'],
    'del exists get hdel hexists hget hgetall hincrby hkeys hlen hmget hscan hset hsetnx hstrlen mget memory|usage pexpire pexpireat pfadd set type unlink ' +
      'xadd xinfo|stream xlen xrange xrevrange xtrim zadd zcard zmscore zrandmember zrange zrangebyscore zrem zrevrangebyscore zscore',
  ),
  may(['status'], 'del hget hgetall hset'),
  // A rotation of keys seals them anew.
  may(['apiKeys', 'secondFactors'], 'hget hscan hset'),
  may(['keyUses'], 'hget hgetall hincrby hset'),
  may(['canary'], 'hdel hget hgetall hset hsetnx pexpire type'),
  may(['writeProbe'], 'set'),
  may(['deadLetters'], 'pexpire xadd xtrim'),
  may(['erased'], 'hdel hget hgetall hincrby hmget hscan hset type'),
  may(['erasures'], 'del get hdel hget hgetall hkeys hmget hscan hset pexpire set type'),
  may(['receipts'], 'hget hgetall hsetnx'),
  // An erasure looks for backups, and adds to those that it reaches.
  may(['backups'], 'hkeys hset'),
  // Packs the audit log and trims it after its years; that nothing else is gone shows by the checkpoints, which lie elsewhere.
  may(['audit'], 'hdel hincrby lpush ltrim'),
  ...records,
];

const broadcasts: readonly AclRight[] = [
  ...runs,
  may(['eventQueueEvents'], 'xread xrevrange'),
  may(['eventFeed', 'eventDataKeys', 'eventStore', 'catalogues'], 'exists hget hgetall hkeys hmget xlen xrange xrevrange zrangebyscore zrevrangebyscore zrange zmscore'),
  may(['canary'], 'hget hset pexpire'),
  keepsDoors,
  ...records,
];

const schedules: readonly AclRight[] = [...runs, may(['emergencies'], 'hdel'), keepsQueues(['maintenanceQueue']), may(['schedulesTurn'], 'set'), ...addsJobs(['eventQueue']), may(['eventQueue'], 'hgetall'), may(['canary'], 'hget hset hsetnx pexpire'), may(['status'], 'hgetall')];

/** Erasures, backups and what puts them back: everything that is stored, at once. */
const keeps: readonly AclRight[] = [...processes, ...reads, may(['backups'], 'hdel hgetall'), may(['restoring'], 'del exists hget hmget hset'), may(['erased'], 'hexists hsetnx'), may(['access'], 'hdel hexists hincrby hset hsetnx'), keepsDoors, may(['secondFactors'], 'hdel hget hgetall hkeys hscan hset')];

const boards: readonly AclRight[] = [
  ...runs,
  keepsQueues(queues),
  may(['status', 'canary'], 'hget hgetall'),
  may(['deadLetters'], 'pexpire xadd xtrim'),
  keepsDoors,
  may(['secondFactors'], 'hdel hget hset'),
  ...records,
];

/** Whose process does what, with the least that it takes. docs/hardening.md says which one a process gets. */
export const aclUsers = {
  producer: { what: 'tracks, and reads nothing', rights: produces },
  reader: { what: 'queries, and tracks nothing', rights: reads },
  application: { what: 'tracks and queries', rights: [...produces, ...reads] },
  // An erasure that was broken off goes on in a worker, and ends with a new append-only file.
  worker: { what: 'role processing', rights: processes, alone: ['bgrewriteaof'] },
  scheduler: { what: 'role scheduling', rights: schedules },
  broadcaster: { what: 'role broadcasting', rights: broadcasts },
  board: { what: 'role board', rights: boards },
  http: { what: 'role http', rights: [...runs, ...produces, ...reads, keepsDoors] },
  combined: { what: 'roles processing, scheduling, broadcasting and http in one process', rights: [...processes, ...schedules, ...broadcasts, ...produces, ...reads, keepsDoors], alone: ['bgrewriteaof'] },
  keeper: { what: 'commands that erase, back up and put back', rights: keeps, alone: ['bgrewriteaof'] },
  keystore: {
    what: 'data keys of chunks, where they lie in a Redis of their own',
    rights: [may(['keyStore'], 'hget hsetnx'), may(dataKeys, 'del exists hdel hget hkeys hlen hmget hscan hset hsetnx type')],
    alone: ['bgrewriteaof'],
  },
} as const satisfies Readonly<Record<string, AclUser>>;

export type AclUserName = keyof typeof aclUsers;
