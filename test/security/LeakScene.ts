import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
import { runProgram, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';
import { processesWith } from '../faults/scene/processTree.js';
import { recordWire, type Wire } from '../support/wire.js';
import { secrets } from './canaries.js';

/** The whole pipeline with nothing that forgets: Redis keeps all it was told, the wire and the processes' output too. */
export interface LeakScene {
  readonly server: TestRedis;
  /** Not through the recorded wire: for looking, and for what others put there. */
  readonly redis: Redis;
  readonly wire: Wire;
  /** Processing and scheduling, broadcasting, and the board: each a process of its own, as pm2 runs them. */
  readonly roles: Readonly<Record<Role, RunningProgram>>;
  /** A folder for whatever is written: its files are searched with the others. */
  readonly dataDir: string;
  readonly boardUrl: string;
  readonly socketUrl: string;
  readonly keys: ReturnType<typeof createKeys>;
  service(options?: AnalyticsServiceOptions): AnalyticsService;
  /** The environment of the processes, for code that reads it. */
  readonly env: Readonly<Record<string, string>>;
  token(userId: string, roles?: readonly string[]): Promise<string>;
  /** Runs a command of the CLI to its end, with `input` on its standard input; looks at it while it runs. */
  command(args: readonly string[], input?: string): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }>;
  /** Kills a role as kill -9 does, and starts it again. */
  killRole(role: Role): Promise<void>;
  /** Everything that was printed by the roles, those that were killed included. */
  output(): string;
  /** Looks at the arguments and the environment of every process of ours that runs now. Call it again and again. */
  lookAtProcesses(): void;
  /** What was seen by these looks: arguments → environment. */
  readonly seen: ReadonlyMap<string, string>;
  /** Runs what has to fail, and keeps the error. */
  failing(work: () => Promise<unknown>): Promise<Error>;
  /** Everything that could be printed of every error met: thrown, or told to `onError`. */
  errorTexts(): string[];
  /** Every file that Redis keeps, and the folder of the processes; not the two secrets in it. */
  files(): { readonly name: string; readonly folder: string; readonly bytes: Buffer }[];
  close(): Promise<void>;
}

export type Role = 'worker' | 'broadcaster' | 'board';

const SERVICES: Readonly<Record<Role, string>> = { worker: 'processing,scheduling', broadcaster: 'broadcasting', board: 'board' };
const START_MS = 40_000;

const REDIS_ARGUMENTS = [
  ...['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'],
  ...['--rdbcompression', 'no', '--rdbchecksum', 'no', '--logfile', 'redis.log', '--loglevel', 'debug'],
  ...['--slowlog-log-slower-than', '0', '--slowlog-max-len', '10000'],
];

export async function openLeakScene(): Promise<LeakScene> {
  const server = await startRedis({ args: REDIS_ARGUMENTS });
  const wire = await recordWire(server.port);
  const dataDir = mkdtempSync(join(tmpdir(), 'analytics-clear-'));
  const temporary = join(dataDir, 'tmp');
  mkdirSync(temporary);
  const [port, boardPort] = [await freePort(), await freePort()];
  const env = {
    NODE_ENV: 'production',
    ANALYTICS_TLS_BY_PROXY: 'true',
    REDIS_URL: `redis://127.0.0.1:${wire.port}`,
    ANALYTICS_DATA_DIR: dataDir,
    ANALYTICS_AUDIT_DIR: join(dataDir, 'audit'),
    ANALYTICS_BACKUP_DIR: join(dataDir, 'backup'),
    ANALYTICS_WS_PORT: String(port),
    ANALYTICS_BOARD_PORT: String(boardPort),
    ANALYTICS_CONCURRENCY: '1',
    ANALYTICS_ENCRYPTION_KEY: secrets.encryptionKey,
    ANALYTICS_TOKEN_SECRET: secrets.tokenSecret,
    ANALYTICS_EMERGENCY_HASH: secrets.emergencyHash,
    ANALYTICS_GUARD_TOKEN_KEY: secrets.guardTokenKey,
    // Whoever signs in at the board has shown a second factor elsewhere.
    ANALYTICS_MFA: 'provider',
    ANALYTICS_LOG_LEVEL: 'debug',
    // What a process writes to the system's folder for temporary files is searched as well.
    TMPDIR: temporary,
  };
  const programs: RunningProgram[] = [];
  const startRole = async (role: Role): Promise<RunningProgram> => {
    const program = runProgram(['dist/src/processes/main.js', `--services=${SERVICES[role]}`], env);
    programs.push(program);
    await program.waitFor(`"${SERVICES[role].split(',').at(-1)!}"`, START_MS);
    return program;
  };
  const roles = Object.fromEntries(await Promise.all((Object.keys(SERVICES) as Role[]).map(async (role) => [role, await startRole(role)] as const))) as Record<Role, RunningProgram>; // one for each
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => undefined); // it is killed once
  const errors: Error[] = [];
  const services: AnalyticsService[] = [];
  const seen = new Map<string, string>();
  const lookAtProcesses = (): void => {
    // Children of the roles and commands are among them: they have the folder from their parents.
    for (const pid of processesWith(dataDir)) {
      try {
        seen.set(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), readFileSync(`/proc/${pid}/environ`, 'latin1'));
      } catch {
        // It ended meanwhile.
      }
    }
  };
  const isRunning = ({ child }: RunningProgram): boolean => child.exitCode === null && child.signalCode === null;

  return {
    server,
    redis,
    wire,
    roles,
    dataDir,
    env,
    seen,
    boardUrl: `http://127.0.0.1:${boardPort}`,
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
    token: async (subject, granted = []) => signToken(parseConfig(env), { subject, roles: [...granted], ttlSeconds: 60 }),
    async command(args, input = '') {
      const program = runProgram(['dist/src/cli/main.js', ...args], env, input);
      const looking = setInterval(lookAtProcesses, 100);
      try {
        return { code: await program.ended(60_000), output: program.output() };
      } finally {
        clearInterval(looking);
        if (isRunning(program)) program.signalGroup('SIGKILL');
      }
    },
    async killRole(role) {
      roles[role].child.kill('SIGKILL');
      await roles[role].ended();
      roles[role] = await startRole(role);
    },
    output: () => programs.map((program) => program.output()).join('\n'),
    lookAtProcesses,
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
      for (const program of programs) if (isRunning(program)) program.signalGroup('SIGKILL');
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

function filesOf(folder: string): { name: string; folder: string; bytes: Buffer }[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, folder: `${entry.parentPath}/`, bytes: readFileSync(join(entry.parentPath, entry.name)) }));
}
