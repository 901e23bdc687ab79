import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { Redis } from 'ioredis';

import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import type { AnalyticsServiceOptions } from '../../src/lib/services/analytics/options.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { DeadlineError } from '../../src/errors/DeadlineError.js';
import { createKeys } from '../../src/redis/keys.js';
import { signToken } from '../../src/security/tokens.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';
import { recordWire, type Wire } from '../support/wire.js';
import { secrets } from './canaries.js';

/** The whole pipeline with nothing that forgets: Redis keeps all it was told, the wire and the processes' output too. */
export interface LeakScene {
  readonly server: TestRedis;
  /** Not through the recorded wire: for looking, and for what others put there. */
  readonly redis: Redis;
  readonly wire: Wire;
  readonly worker: RunningProgram;
  readonly socketUrl: string;
  readonly keys: ReturnType<typeof createKeys>;
  service(options?: AnalyticsServiceOptions): AnalyticsService;
  token(userId: string): Promise<string>;
  /** Runs what has to fail, and keeps the error. */
  failing(work: () => Promise<unknown>): Promise<Error>;
  /** Everything that could be printed of every error met: thrown, or told to `onError`. */
  errorTexts(): string[];
  /** Every file that Redis keeps, and the folder of the processes; not the two secrets in it. */
  files(): { readonly name: string; readonly bytes: Buffer }[];
  close(): Promise<void>;
}

const REDIS_ARGUMENTS = [
  ...['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'],
  ...['--rdbcompression', 'no', '--rdbchecksum', 'no', '--logfile', 'redis.log', '--loglevel', 'debug'],
  ...['--slowlog-log-slower-than', '0', '--slowlog-max-len', '10000'],
];

export async function openLeakScene(): Promise<LeakScene> {
  const server = await startRedis({ args: REDIS_ARGUMENTS });
  const wire = await recordWire(server.port);
  const dataDir = mkdtempSync(join(tmpdir(), 'analytics-clear-'));
  const port = await freePort();
  const env = {
    NODE_ENV: 'production',
    ANALYTICS_TLS_BY_PROXY: 'true',
    REDIS_URL: `redis://127.0.0.1:${wire.port}`,
    ANALYTICS_DATA_DIR: dataDir,
    ANALYTICS_WS_PORT: String(port),
    ANALYTICS_BOARD_PORT: String(await freePort()),
    ANALYTICS_ENCRYPTION_KEY: secrets.encryptionKey,
    ANALYTICS_TOKEN_SECRET: secrets.tokenSecret,
    ANALYTICS_LOG_LEVEL: 'debug',
  };
  const worker = runProgram(['dist/src/processes/main.js', '--services=board,processing,broadcasting,scheduling'], env);
  const redis = new Redis(server.url);
  const errors: Error[] = [];
  const services: AnalyticsService[] = [];
  const isUp = until(() => worker.output().includes('"scheduling"'), 30_000);
  if (!(await isUp)) throw new Error(`The worker did not start:\n${worker.output()}`);

  return {
    server,
    redis,
    wire,
    worker,
    socketUrl: `ws://127.0.0.1:${port}`,
    keys: createKeys('analytics:'),
    service(options) {
      const service = new AnalyticsService({
        redisUrl: env.REDIS_URL,
        encryptionKey: secrets.encryptionKey,
        dataDir,
        deadlineMs: 10_000,
        guard: { mode: 'off' },
        onError: (error) => errors.push(error),
        ...options,
      });
      services.push(service);
      return service;
    },
    token: async (subject) => signToken(parseConfig(env), { subject, ttlSeconds: 60 }),
    async failing(work) {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof Error)) throw new Error('What was thrown is no error.', { cause: error });
        errors.push(error);
        return error;
      }
      throw new Error('This was to fail and did not.');
    },
    errorTexts: () => errors.map(textOf),
    files: () => [...filesOf(server.dir), ...filesOf(dataDir)],
    async close() {
      await Promise.all(services.map(async (service) => service.close({ timeoutMs: 500 })));
      if (worker.child.exitCode === null && worker.child.signalCode === null) worker.signalGroup('SIGKILL');
      redis.disconnect();
      await wire.close();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Name, message, stack, causes and every property, at any depth. Of a DeadlineError all but the id, which it is to carry. */
function textOf(error: Error): string {
  if (!(error instanceof DeadlineError)) return inspect(error, { depth: Infinity, showHidden: true });
  return [error.stack, inspect(error.cause, { depth: Infinity }), JSON.stringify(error, (key, value: unknown) => (key === 'id' ? undefined : value))].join('\n');
}

function filesOf(folder: string): { name: string; bytes: Buffer }[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, bytes: readFileSync(join(entry.parentPath, entry.name)) }));
}
