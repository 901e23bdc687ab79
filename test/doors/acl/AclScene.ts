import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import { parseConfig } from '../../../src/config/parseConfig.js';
import { AnalyticsService } from '../../../src/lib/services/analytics/AnalyticsService.js';
import type { AclUserName } from '../../../src/redis/acl/aclUsers.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';
import { signToken } from '../../../src/security/tokens.js';
import { runProgram, type RunningProgram } from '../../support/program.js';
import { freePort, startRedis, type TestRedis } from '../../support/redis.js';

export type AclName = AclUserName | 'admin';

/** A Redis with the users that the command makes. */
export interface AclScene {
  readonly server: TestRedis;
  readonly folder: string;
  readonly admin: Redis;
  /** What a process of that user is started with. */
  environment(user: AclName): Record<string, string>;
  /** A plain connection of that user. */
  connect(user: AclName): Redis;
  start(role: string, user: AclName): RunningProgram;
  service(user: AclName): AnalyticsService;
  token(subject: string, roles?: readonly string[]): Promise<string>;
  readonly socketUrl: string;
  readonly boardUrl: string;
  readonly apiUrl: string;
  /** What Redis refused since the last call, as `user: command or key`. */
  refused(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openAclScene(): Promise<AclScene> {
  const folder = mkdtempSync(join(tmpdir(), 'analytics-acl-'));
  const command = runProgram(['dist/src/cli/main.js', 'acl', '--dir', folder], {});
  if ((await command.ended(60_000)) !== 0) throw new Error(command.output());
  const server = await startRedis({ args: ['--aclfile', join(folder, 'users.acl')] });
  const [socketPort, boardPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const master = randomBytes(32);
  const { publicKey } = await keyRingFromMaster(master);
  const common = {
    REDIS_URL: server.url,
    ANALYTICS_TOKEN_SECRET: 'x'.repeat(48),
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_WS_PORT: String(socketPort),
    ANALYTICS_BOARD_PORT: String(boardPort),
    ANALYTICS_HTTP_PORT: String(apiPort),
    ANALYTICS_CONCURRENCY: '1',
    ANALYTICS_MFA: 'required',
    ANALYTICS_MERGE_INTERVAL: '1000',
    ANALYTICS_CLEANUP_INTERVAL: '1000',
  };
  // Whoever only tracks has no key to read by.
  const keyOf = (user: AclName): Record<string, string> => (user === 'producer' ? { ANALYTICS_PUBLIC_KEY: publicKey } : { ANALYTICS_ENCRYPTION_KEY: master.toString('base64') });
  const environment = (user: AclName) => ({ ...common, ...keyOf(user), REDIS_USERNAME: user, REDIS_PASSWORD_FILE: join(folder, `${user}.password`) });
  const connections: Redis[] = [];
  const connect = (user: AclName): Redis => {
    const redis = new Redis(server.url, { username: user, password: readFileSync(join(folder, `${user}.password`), 'utf8').trim(), protocol: 2, retryStrategy: () => null });
    redis.on('error', () => undefined);
    connections.push(redis);
    return redis;
  };
  const programs: RunningProgram[] = [];
  const services: AnalyticsService[] = [];
  const admin = connect('admin');

  return {
    server,
    folder,
    admin,
    environment,
    connect,
    start(role, user) {
      const program = runProgram(['dist/src/processes/main.js', `--services=${role}`], environment(user));
      programs.push(program);
      return program;
    },
    service(user) {
      // Options name the place of Redis only; who signs in comes from the environment, which is read here and now.
      const before = { ...process.env };
      Object.assign(process.env, environment(user));
      const service = new AnalyticsService({ deadlineMs: 10_000 });
      for (const name of Object.keys(environment(user))) delete process.env[name];
      Object.assign(process.env, before);
      services.push(service);
      return service;
    },
    token: async (subject, roles = []) => signToken(parseConfig(common), { subject, roles: [...roles], ttlSeconds: 600 }),
    socketUrl: `ws://127.0.0.1:${socketPort}`,
    boardUrl: `http://127.0.0.1:${boardPort}`,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    async refused() {
      const entries = (await admin.call('ACL', 'LOG', '1000')) as readonly (readonly unknown[])[];
      await admin.call('ACL', 'LOG', 'RESET');
      return entries.map((entry) => {
        const fields = new Map(entry.flatMap((_, place) => (place % 2 === 0 ? [[String(entry[place]), String(entry[place + 1])] as const] : [])));
        return `${fields.get('username')}: ${fields.get('reason')} ${fields.get('object')} (${fields.get('context')})`;
      });
    },
    async close() {
      await Promise.all(services.map(async (service) => service.close({ timeoutMs: 500 })));
      for (const program of programs) if (program.child.exitCode === null) program.signalGroup('SIGKILL');
      for (const redis of connections) redis.disconnect();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
