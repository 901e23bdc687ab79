import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { setStatusLine } from '../logging/logOutput.js';
import { collectStats } from '../monitoring/collectStats.js';
import type { Stats } from '../monitoring/Stats.js';
import { connect } from '../redis/connect.js';
import type { RunningRole, Runtime } from './Runtime.js';

const TERMINAL_EVERY_MS = 1000;
const FILE_EVERY_MS = 30_000;

/** One line of live figures: refreshed in place at a terminal, written once in 30 s elsewhere. */
export function startLiveFigures({ config, keys }: Runtime, output: NodeJS.WriteStream = process.stdout): RunningRole {
  const redis = connect(config, 'failFast', 'analytics:figures', () => undefined);
  const places = queuePlaces(keys);
  const queues = {
    events: createQueue(places.events, redis),
    metrics: createQueue(places.metrics, redis),
    maintenance: createQueue(places.maintenance, redis),
  };
  for (const queue of Object.values(queues)) queue.on('error', () => undefined);

  const isTerminal = output.isTTY;
  let line = '';
  const clear = (): void => void (line !== '' && output.write('\r\u001B[2K'));
  const redraw = (): void => void (line !== '' && output.write(line));
  if (isTerminal) setStatusLine({ clear, redraw });

  let reading: Promise<void> | undefined;
  const show = async (): Promise<void> => {
    const text = figuresLine(await collectStats({ config, keys, redis, queues }));
    if (!isTerminal) {
      output.write(`${text}\n`);
      return;
    }
    clear();
    line = text.slice(0, Math.max((output.columns || 80) - 1, 20));
    redraw();
  };
  const timer = setInterval(
    () => {
      reading ??= show().finally(() => {
        reading = undefined;
      });
    },
    isTerminal ? TERMINAL_EVERY_MS : FILE_EVERY_MS,
  );
  timer.unref();

  let closing: Promise<void> | undefined;
  return {
    async close() {
      closing ??= (async () => {
        clearInterval(timer);
        await reading;
        if (isTerminal) {
          setStatusLine(undefined);
          if (line !== '') output.write('\n');
        }
        await Promise.all(Object.values(queues).map(async (queue) => queue.close()));
        redis.disconnect();
      })();
      await closing;
    },
  };
}

/** Short enough for 80 columns. */
export function figuresLine({ queue, webSocket, system }: Stats): string {
  if (queue === null || webSocket === null) return 'Redis does not answer; waiting for it.';
  const failed = Object.values(queue.queues).reduce((sum, counts) => sum + counts.failed, 0);
  return [
    `${rate(queue.processingRate)} stored/s`,
    `${queue.length} jobs wait`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${webSocket.connectedClients} sockets`,
    `${rate(webSocket.messageRate)} messages/s`,
    `Redis ${megabytes(system.memory.redis)}`,
    ...(system.workerStatus === 'running' ? [] : [`workers ${system.workerStatus}`]),
  ].join('  ');
}

function rate(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : value.toFixed(1).replace(/\.0$/, '');
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : `${(bytes / 1e6).toFixed(1)} MB`;
}
