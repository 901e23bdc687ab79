import type { ProducerStats } from '../producer/ProducerStats.js';
import { counter, gauge, linesOf, seconds, type Family, type Sample } from './family.js';
import { notReadyReasons } from './readiness.js';
import type { Stats, SystemStats } from './Stats.js';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const CHILD_EVENTS = ['started', 'crashed', 'killed', 'recycled'] as const;
const WORKER_STATES: readonly SystemStats['workerStatus'][] = ['running', 'stuck', 'absent', 'unknown'];

/**
 * The figures in the text format of Prometheus (version 0.0.4), in seconds and bytes. What is not known is left out, so
 * that no alert takes it for 0.
 *
 * @param stats what `getStats()` answers, whose `producer` only the application itself can tell: spool, calls that were refused
 */
export function toPrometheus(stats: Stats & { readonly producer?: ProducerStats }): string {
  const families = [...queueFamilies(stats), ...storeFamilies(stats), ...systemFamilies(stats), ...producerFamilies(stats.producer)];
  return `${families.flatMap(linesOf).join('\n')}\n`;
}

function producerFamilies(producer: ProducerStats | undefined): Family[] {
  if (producer === undefined) return [];
  const { unanswered, unansweredBytes, refused, spool } = producer;
  return [
    gauge('producer_unanswered', 'Events and samples of this process that Redis has not answered.', unanswered),
    gauge('producer_unanswered_bytes', 'Their JSON, and 100 bytes each.', unansweredBytes),
    counter('producer_refused_total', 'Events and samples that this process refused as busy.', refused),
    gauge('spool_batches', 'Batches of this process on disk, until Redis takes them.', spool?.batches),
    gauge('spool_bytes', 'What they take.', spool?.bytes),
    gauge('spool_oldest_timestamp_seconds', 'When the oldest of them was put there; absent when there is none.', seconds(spool?.oldestAt)),
  ];
}

function queueFamilies({ queue, webSocket }: Stats): Family[] {
  const queues = Object.entries(queue?.queues ?? {});
  const jobs = queues.flatMap(([name, { waiting, active, delayed, failed }]) =>
    Object.entries({ waiting, active, delayed, failed }).map(([state, count]): Sample => [{ queue: name, state }, count]),
  );
  const oldest = queues.map(([name, { oldestFailedAt }]): Sample => [{ queue: name }, seconds(oldestFailedAt)]);
  return [
    gauge('queue_jobs', 'Jobs by queue and state.', jobs),
    gauge('oldest_dead_letter_timestamp_seconds', 'When the first of the jobs was given up that nobody has decided about; absent when there are none.', oldest),
    gauge('stored_per_second', 'Events and samples stored a second, by all workers.', queue?.processingRate),
    gauge('failed_attempts_per_second', 'Attempts at jobs that failed a second; most are repeated.', queue?.errorRate),
    gauge('job_seconds', 'Mean time that a worker spent on a completed job; 0 when none was completed.', seconds(queue?.processingTime)),
    gauge('socket_clients', 'Signed-in sockets.', webSocket?.connectedClients),
    gauge('socket_messages_per_second', 'Messages sent to sockets a second.', webSocket?.messageRate),
    gauge('socket_errors_per_second', 'Refused messages, and sockets that broke, a second.', webSocket?.errorRate),
    gauge('authentication_failures', 'Refused sign-ins since the running broadcasters started.', webSocket?.authenticationFailures),
  ];
}

function storeFamilies({ store }: Stats): Family[] {
  const { events, metrics } = store ?? {};
  const each = (value: (held: NonNullable<Stats['store']>['metrics'] | NonNullable<Stats['store']>['events']) => number | null): Sample[] => [
    [{ kind: 'events' }, events && value(events)],
    [{ kind: 'metrics' }, metrics && value(metrics)],
  ];
  return [
    gauge('store_rows', 'Events, and samples of metrics, that are stored.', each(({ rows }) => rows)),
    gauge('store_series', 'Event types, and metrics, that are stored.', each(({ series }) => series)),
    gauge('store_small_chunks', 'Chunks as batches left them.', each(({ smallChunks }) => smallChunks)),
    gauge('store_merged_chunks', 'Chunks that were made of small ones.', each(({ mergedChunks }) => mergedChunks)),
    gauge('store_bytes', 'Bytes that Redis takes for chunks, their keys, index and counts.', each(({ bytes }) => bytes)),
    gauge('feed_bytes', 'Bytes that Redis takes for what broadcasters read.', events?.feedBytes),
    counter('series_overflow_samples_total', 'Samples left out because their metric had no room for another series.', metrics?.overflow),
    gauge('store_counted_timestamp_seconds', 'When what is stored was counted.', seconds(store?.at)),
  ];
}

function systemFamilies({ system }: Stats): Family[] {
  const { memory, redis, workerStatus, processes, children, cleanup, merge } = system;
  const jobs = (value: (job: Pick<SystemStats['merge'], 'lastFinishedAt' | 'durationMs'>) => number | null): Sample[] => [
    [{ job: 'cleanup' }, seconds(value(cleanup))],
    [{ job: 'merge' }, seconds(value(merge))],
  ];
  return [
    gauge('redis_up', 'Whether Redis answers.', Number(redis.connected)),
    gauge('redis_latency_seconds', 'Round trip of one PING.', seconds(redis.latency)),
    gauge('redis_memory_bytes', 'Memory that Redis uses.', memory.redis),
    gauge('redis_memory_limit_bytes', 'Memory that Redis may use; absent when there is no limit.', memory.redisLimit),
    gauge('process_memory_bytes', 'Resident memory of the processes that beat, their children apart.', memory.processes),
    gauge('processes', 'Roles of processes that beat.', redis.connected ? processes.length : null),
    gauge('children', 'Children in which workers run jobs.', children?.alive),
    gauge('children_memory_bytes', 'Resident memory of these children, as they last told it.', children?.memory),
    counter('children_total', 'What became of children, since each of the running workers started.', CHILD_EVENTS.map((event): Sample => [{ event }, children?.[event]])),
    gauge('ready', 'Whether /health/ready says yes.', Number(system.notReady.length === 0)),
    gauge('not_ready', 'Why /health/ready says no: 1 for each reason that holds.', notReadyReasons.map((reason): Sample => [{ reason: reason.toLowerCase() }, Number(system.notReady.includes(reason))])),
    gauge('emergency_sessions', 'Emergency accesses that go on: somebody reads what no role allows.', system.emergencies),
    gauge('sign_in_failures', 'Credentials refused at the board and the API since the running processes started.', system.signIns?.failures),
    gauge('sign_in_locked_out', 'Addresses and people that are locked out, having failed too often.', system.signIns?.lockedOut),
    gauge('canary_seconds', 'From being sent until a worker took a canary, it was stored, and a broadcaster saw it, over 10 minutes.', canarySamples(system.canary)),
    gauge('canary_stored_timestamp_seconds', 'When the newest canary that is stored was sent.', seconds(system.canary.lastStoredAt)),
    gauge('worker_status', 'How the workers fare: 1 for the state that holds.', WORKER_STATES.map((state): Sample => [{ state }, Number(state === workerStatus)])),
    gauge('last_finished_timestamp_seconds', 'When a job on a schedule last finished.', jobs(({ lastFinishedAt }) => lastFinishedAt)),
    gauge('last_duration_seconds', 'How long it took.', jobs(({ durationMs }) => durationMs)),
  ];
}

function canarySamples({ wait, store, feed }: SystemStats['canary']): Sample[] {
  return Object.entries({ wait, store, feed }).flatMap(([stage, reading]): Sample[] => [
    [{ stage, quantile: '0.5' }, seconds(reading?.p50)],
    [{ stage, quantile: '0.95' }, seconds(reading?.p95)],
    [{ stage, quantile: '0.99' }, seconds(reading?.p99)],
  ]);
}
