import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MetricSample } from '../data/metricSample.js';
import { endProcess } from '../support/startChild.js';
import { freePort } from '../support/startRedis.js';

export interface MeanQuery {
  readonly name: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly intervalMs: number;
}

/** A VictoriaMetrics of the benchmark's own: empty, on a free port, in a temporary folder that is removed with it. */
export interface VictoriaMetrics {
  /** Stores the samples, and waits until queries find them. */
  store(samples: readonly MetricSample[]): Promise<void>;
  /**
   * Means over all series, one for each interval from `startTime` on.
   * @param isCached lets it answer from answers to earlier queries
   */
  means(query: MeanQuery, isCached: boolean): Promise<number[]>;
  /** Bytes of its files. */
  diskBytes(): Promise<number>;
  stop(): Promise<void>;
}

const PROGRAM = 'victoria-metrics';
const PATIENCE_MS = 10_000;

/** @returns undefined where the program is not installed (Debian's package is called as it is) */
export async function startVictoriaMetrics(): Promise<VictoriaMetrics | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'analytics-bench-'));
  const port = await freePort();
  const flags = {
    storageDataPath: directory,
    httpListenAddr: `127.0.0.1:${port}`,
    retentionPeriod: '100y',
    // Otherwise what is younger than 30 s is left out.
    'search.latencyOffset': '0s',
    loggerLevel: 'ERROR',
  };
  const server = spawn(PROGRAM, Object.entries(flags).map(([name, value]) => `-${name}=${value}`), { stdio: 'ignore' });
  try {
    await once(server, 'spawn');
  } catch {
    await rm(directory, { recursive: true, force: true });
    return undefined;
  }
  const http = createClient(port);
  const until = performance.now() + PATIENCE_MS;
  while ((await http('GET', '/health').catch(() => '')) !== 'OK') {
    if (performance.now() > until || server.exitCode !== null) throw new Error(`${PROGRAM} did not start.`);
    await sleep(20);
  }

  return {
    async store(samples) {
      for (const series of bySeries(samples)) await http('POST', '/api/v1/import', JSON.stringify(series));
      await http('GET', '/internal/force_flush');
    },
    async means({ name, startTime, endTime, intervalMs }, isCached) {
      const step = intervalMs / 1000;
      // A window ends at its point and leaves out its begin: one ms earlier it is the interval that begins there.
      const points = { start: String((startTime + intervalMs - 1) / 1000), end: String((endTime - 1) / 1000) };
      const query = new URLSearchParams({
        query: `avg(avg_over_time(${name}[${step}s]))`,
        ...points,
        step: `${step}s`,
        ...(isCached ? {} : { nocache: '1' }),
      });
      const answer = JSON.parse(await http('GET', `/api/v1/query_range?${query.toString()}`)) as RangeAnswer;
      return answer.data.result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
    },
    async diskBytes() {
      // What came last may still be in memory; a snapshot writes it.
      await http('GET', '/snapshot/create');
      await http('GET', '/snapshot/delete_all');
      const entries = await readdir(join(directory, 'data'), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
      return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0);
    },
    async stop() {
      await endProcess(server);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What /api/v1/query_range answers: the form is Prometheus'. */
interface RangeAnswer {
  readonly data: { readonly result: readonly { readonly values: readonly (readonly [number, string])[] }[] };
}

interface SeriesImport {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: number[];
  readonly timestamps: number[];
}

function bySeries(samples: readonly MetricSample[]): Iterable<SeriesImport> {
  const series = new Map<string, SeriesImport>();
  for (const { name, tags, value, timestamp } of samples) {
    const key = JSON.stringify(tags);
    const rows = series.get(key) ?? { metric: { __name__: name, ...tags }, values: [], timestamps: [] };
    series.set(key, rows);
    rows.values.push(value);
    rows.timestamps.push(timestamp);
  }
  return series.values();
}

function createClient(port: number): (method: string, path: string, body?: string) => Promise<string> {
  const agent = new Agent({ keepAlive: true });
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if ((response.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${PROGRAM} answered ${response.statusCode} to ${method} ${path}: ${text.slice(0, 200)}`));
        });
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
}
