// The console: reads /api/stats every 2 s and draws what it says. Text is set, never parsed as HTML.
import { drawSparkline } from './sparkline.js';
import { ago, bytes, count, duration, rate } from './units.js';

const EVERY_MS = 2000;
const POINTS = 120;
/** A young chart is stretched, but not over its whole width. */
const FEWEST_SLOTS = 24;

const points = [];
let historyIntervalMs = 5000;

const byId = (id) => document.getElementById(id);
const card = (name) => document.querySelector(`[data-figure="${name}"]`);

function show(name, value, note) {
  const element = card(name);
  element.querySelector('.value').textContent = value;
  if (note !== undefined) element.querySelector('.note').textContent = note;
}

function fillTable(id, rows, empty) {
  const body = byId(id).querySelector('tbody');
  const columns = byId(id).querySelectorAll('th').length;
  body.replaceChildren(
    ...(rows.length > 0 ? rows : [[empty]]).map((cells) => {
      const row = document.createElement('tr');
      for (const cell of cells) {
        const data = document.createElement('td');
        if (cell instanceof Node) data.append(cell);
        else data.textContent = cell;
        if (cells.length < columns) data.colSpan = columns;
        row.append(data);
      }
      return row;
    }),
  );
}

function link(text, href) {
  const anchor = document.createElement('a');
  anchor.textContent = text;
  anchor.href = href;
  return anchor;
}

/** A process that has several roles beats once for each. */
function processCount(processes) {
  const { size } = new Set(processes.map(({ host, pid }) => `${host} ${pid}`));
  return size === 1 ? '1 process' : `${count(size)} processes`;
}

const notReady = {
  REDIS_REFUSES_WRITES: 'Redis answers and takes no writes: it is full, a replica, or its disk is.',
  NO_WORKER: 'No worker runs: jobs wait until one does. Start it with npm run worker:analytics.',
  NO_BROADCASTER: 'No broadcaster runs: events are stored, and nobody is sent them.',
  NO_SCHEDULER: 'No scheduler runs: nothing is cleaned up or merged, and no test event is sent.',
  WORKERS_STUCK: 'Workers run, but none has finished a job for 10 seconds. See the log of the workers.',
  PROCESSING_STALLED: 'Workers run, but a test event has not been stored for 10 seconds. See the log of the workers.',
  FEED_STALLED: 'A broadcaster runs, but has not seen a test event for 10 seconds. See its log.',
  SCHEDULING_STALLED: 'A scheduler runs, but has sent no test event for 10 seconds. See its log.',
};

/** What somebody should look at first. */
function verdict({ queue, system }) {
  if (queue === null) return ['bad', 'Redis does not answer. Check that it runs and that REDIS_URL names it.'];
  const [reason] = system.notReady;
  if (reason !== undefined) return ['bad', notReady[reason] ?? reason];
  const failed = Object.values(queue.queues).reduce((sum, counts) => sum + counts.failed, 0);
  if (failed > 0) return ['warn', `${count(failed)} ${failed === 1 ? 'job was' : 'jobs were'} given up. They are kept under Dead letters until somebody decides.`];
  if (system.cleanup.status === 'late') return ['warn', 'The clean-up is late: none has finished for two intervals.'];
  if (system.merge.status === 'late') return ['warn', 'Merging is late: no merge has finished for two intervals, and small chunks gather.'];
  return ['good', 'All is well.'];
}

/** What is stored, as the last merge found it. */
function showStore(at, store, { status, lastFinishedAt, durationMs, report }) {
  const each = ({ bytes: total, rows }, one) => (total === null || rows === 0 ? '' : `, ${count(total / rows)} bytes ${one}`);
  document.querySelector('#store-counted').textContent = store === null ? '' : `as counted ${ago(at - store.at)}`;
  if (store === null) {
    for (const name of ['storedEvents', 'storedSamples', 'smallChunks']) show(name, '–', status === 'never' ? 'not counted yet' : '');
  } else {
    const { events, metrics } = store;
    show('storedEvents', count(events.rows), `${plural(events.series, 'type')}, ${bytes(events.bytes)}${each(events, 'an event')}`);
    const leftOut = metrics.overflow === 0 ? '' : `; ${count(metrics.overflow)} left out for too many series`;
    show('storedSamples', count(metrics.rows), `${plural(metrics.series, 'metric')}, ${bytes(metrics.bytes)}${each(metrics, 'a sample')}${leftOut}`);
    show('smallChunks', count(events.smallChunks + metrics.smallChunks), `${count(events.mergedChunks + metrics.mergedChunks)} are merged`);
  }
  show(
    'merge',
    lastFinishedAt === null ? status : ago(at - lastFinishedAt),
    report === null ? '' : `took ${duration(durationMs)}, made ${count(report.chunksOut)} of ${plural(report.chunksIn, 'chunk')}${report.isComplete ? '' : ', and goes on'}`,
  );
}

function plural(n, one) {
  return n === 1 ? `1 ${one}` : `${count(n)} ${one}s`;
}

function showStats({ role, stats }) {
  const { queue, webSocket, store, system } = stats;
  const [state, text] = verdict(stats);
  byId('banner').dataset.state = state;
  byId('banner-text').textContent = text;
  byId('at').textContent = new Date(stats.at).toLocaleTimeString();
  byId('at').dateTime = new Date(stats.at).toISOString();
  byId('role').textContent = role;

  show('waiting', count(queue?.length));
  show('stored', rate(queue?.processingRate));
  show('failed', rate(queue?.errorRate));
  show('duration', queue === null ? '–' : queue.processingTime === 0 ? 'idle' : duration(queue.processingTime));
  show('clients', count(webSocket?.connectedClients));
  show('messages', rate(webSocket?.messageRate));
  show('socketErrors', rate(webSocket?.errorRate));
  show('authenticationFailures', count(webSocket?.authenticationFailures));

  showStore(stats.at, store, system.merge);

  const { memory, redis, cleanup, processes } = system;
  show('redisMemory', bytes(memory.redis));
  show('processMemory', bytes(memory.processes), `of ${processCount(processes)}, their children apart`);
  const { feed, wait } = system.canary;
  show('canary', feed === null ? '–' : duration(feed.p50), feed === null ? system.canary.status : `p99 ${duration(feed.p99)}; waits ${duration(wait?.p50)} for a worker`);
  show('redis', redis.connected ? duration(redis.latency) : 'away', redis.connected ? `round trip, version ${redis.version}` : '');
  const removed = Object.entries(cleanup.removed ?? {}).reduce((sum, [kind, n]) => (kind === 'events' || kind === 'samples' ? sum + n : sum), 0);
  show(
    'cleanup',
    cleanup.lastFinishedAt === null ? cleanup.status : ago(stats.at - cleanup.lastFinishedAt),
    cleanup.lastFinishedAt === null ? '' : `took ${duration(cleanup.durationMs)}, removed ${count(removed)} events and samples`,
  );

  fillTable(
    'queues',
    Object.entries(queue?.queues ?? {}).map(([title, counts]) => [
      link(title, `/queues/queue/${title}`),
      count(counts.waiting),
      count(counts.active),
      count(counts.delayed),
      counts.failed > 0 ? link(count(counts.failed), `/dead-letters?queue=${title}`) : '0',
    ]),
    'unknown while Redis does not answer',
  );
  fillTable(
    'processes',
    processes.map(({ role: name, host, pid, startedAt, memory: resident, beatAge }) => [
      name,
      host,
      String(pid),
      duration(stats.at - startedAt),
      bytes(resident),
      ago(beatAge),
    ]),
    'no process beats',
  );
  keep(stats);
}

/** Adds to what the server remembers, at the same pace, so that one line has one pace. */
function keep({ at, queue, webSocket, system }) {
  const last = points.at(-1);
  if (last === undefined || at - last.at >= historyIntervalMs - EVERY_MS / 2) {
    points.push({
      at,
      waiting: queue?.length ?? null,
      stored: queue?.processingRate ?? null,
      failed: queue?.errorRate ?? null,
      duration: queue?.processingTime ?? null,
      clients: webSocket?.connectedClients ?? null,
      messages: webSocket?.messageRate ?? null,
      redisMemory: system.memory.redis,
    });
    if (points.length > POINTS) points.shift();
  }
  for (const name of ['waiting', 'stored', 'failed', 'duration', 'clients', 'messages', 'redisMemory']) {
    drawSparkline(card(name).querySelector('.chart'), points.map((point) => point[name]), Math.max(points.length, FEWEST_SLOTS));
  }
}

async function read(path) {
  const response = await fetch(path, { headers: { Accept: 'application/json' } });
  if (response.status === 401) location.assign('/sign-in');
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** Dead letters by queue and code; nothing is asked, nor shown, while there are none. */
async function showDeadLetters({ stats }) {
  const isAny = Object.values(stats.queue?.queues ?? {}).some(({ failed }) => failed > 0);
  byId('letters-section').hidden = !isAny;
  if (!isAny) return;
  const { counts } = await read('/api/dead-letters/counts');
  fillTable(
    'letters',
    counts.map(({ queue, reason, count: n, oldestAt }) => [queue, link(reason, `/dead-letters?${new URLSearchParams({ queue, reason })}`), count(n), ago(stats.at - oldestAt)]),
    'none any more',
  );
}

async function refresh() {
  if (document.visibilityState === 'visible') {
    try {
      const answer = await read('/api/stats');
      showStats(answer);
      await showDeadLetters(answer);
    } catch {
      byId('banner').dataset.state = 'bad';
      byId('banner-text').textContent = 'The server of this page does not answer. Trying again.';
    }
  }
  setTimeout(refresh, EVERY_MS);
}

try {
  const history = await read('/api/history');
  historyIntervalMs = history.intervalMs;
  points.push(...history.points);
} catch {
  // The charts then begin now; whether the server answers at all is told by what follows.
}
await refresh();
