import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ApiKeys } from '../../src/access/apiKeys/ApiKeys.js';
import { Revocations } from '../../src/access/revocation/Revocations.js';
import type { AuditContent } from '../../src/audit/AuditRecord.js';
import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { parseConfig, type Config } from '../../src/config/parseConfig.js';
import { startHttp, type HttpLimits, type HttpRole } from '../../src/http/startHttp.js';
import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import { createLogger, type Logger } from '../../src/logging/createLogger.js';
import { connect as openRedis } from '../../src/redis/connect.js';
import { keysOf, type Keys } from '../../src/redis/keys.js';
import type { RedisClient } from '../../src/redis/RedisClient.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { signToken } from '../../src/security/tokens.js';
import { witness } from '../support/witness/witness.js';

export interface Asked {
  readonly role?: string;
  readonly subject?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FixtureOptions {
  readonly logger?: Logger;
  readonly limits?: Partial<HttpLimits>;
}

/** A role `http` on a free port, with a service of the application's own beside it that works off what is tracked. */
export interface HttpFixture {
  readonly config: Config;
  readonly role: HttpRole;
  readonly url: string;
  readonly service: AnalyticsService;
  token(role: string, subject?: string, ttlSeconds?: number): Promise<string>;
  /** Asks as a role, `admin` unless told. */
  post(path: string, body: unknown, asked?: Asked): Promise<Response>;
  get(path: string, asked?: Asked): Promise<Response>;
  /** Sends bytes as they are; gives what is answered until the server hangs up. */
  raw(text: string | Buffer): Promise<string>;
  connect(): Socket;
  readonly apiKeys: ApiKeys;
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Makes an API key. */
  apiKey(request: Omit<Parameters<ApiKeys['create']>[0], 'subject'>): Promise<string>;
  /** What the audit log says, oldest first. */
  records(): Promise<readonly AuditContent[]>;
  close(): Promise<void>;
}

export async function startHttpFixture(redisUrl: string, environment: Readonly<Record<string, string>> = {}, { logger, limits }: FixtureOptions = {}): Promise<HttpFixture> {
  const dataDir = mkdtempSync(join(tmpdir(), 'analytics-http-'));
  const config = parseConfig({
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `h${randomBytes(4).toString('hex')}:`,
    ANALYTICS_HTTP_PORT: '0',
    ANALYTICS_DATA_DIR: dataDir,
    ANALYTICS_LOG_LEVEL: 'silent',
    ANALYTICS_DEADLINE_MS: '20000',
    ANALYTICS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64'),
    ...environment,
  });
  const keyRing = await loadKeyRing(config);
  const role = await startHttp({ config, keys: keysOf(config), keyRing, logger: logger ?? createLogger(config, 'http') }, limits);
  const service = new AnalyticsService({}, config);
  const url = `http://127.0.0.1:${role.port}`;
  const token = async (name: string, subject = 'somebody', ttlSeconds = 600): Promise<string> => signToken(config, { subject, roles: name === '' ? [] : [name], ttlSeconds });
  const headersOf = async ({ role: name = 'admin', subject, token: given, headers = {} }: Asked): Promise<Record<string, string>> => ({
    ...(given === null ? {} : { Authorization: `Bearer ${given ?? (await token(name, subject))}` }),
    ...headers,
  });
  const redis = openRedis(config, 'patient', 'test', () => undefined);
  const keys = keysOf(config);
  const reading = keyRing.reading!; // it was given the whole key
  const apiKeys = new ApiKeys({ redis, keys, fields: reading.fields, revocations: new Revocations({ redis, keys, secrets: reading.audit, onError: () => undefined }) });
  const connectSocket = (): Socket => connect(role.port, '127.0.0.1');
  return {
    config, role, url, service, token, apiKeys, redis, keys,
    connect: connectSocket,
    async post(path, body, asked = {}) {
      const text = typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body);
      return fetch(url + path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...(await headersOf(asked)) }, body: text });
    },
    async get(path, asked = {}) {
      return fetch(url + path, { headers: await headersOf(asked) });
    },
    async raw(text) {
      const socket = connectSocket();
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString('latin1');
      });
      socket.on('error', () => undefined);
      socket.write(text);
      await once(socket, 'close').catch(() => undefined);
      return answer;
    },
    async apiKey(request) {
      return (await apiKeys.create({ subject: 'program', ...request })).key;
    },
    async records() {
      const reader = new AuditReader({ source: redisSource(redis, keys.audit), secrets: reading.audit, folders: [join(dataDir, 'audit')] });
      return (await reader.list({ limit: 1000 })).records;
    },
    async close() {
      redis.disconnect();
      await role.close();
      await service.close();
      keyRing.reading?.dataKeys.close();
      witness.removeFolder(dataDir);
    },
  };
}
