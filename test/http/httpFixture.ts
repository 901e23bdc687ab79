import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseConfig, type Config } from '../../src/config/parseConfig.js';
import { startHttp, type HttpRole } from '../../src/http/startHttp.js';
import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import { createLogger, type Logger } from '../../src/logging/createLogger.js';
import { keysOf } from '../../src/redis/keys.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { signToken } from '../../src/security/tokens.js';

export interface Asked {
  readonly role?: string;
  readonly subject?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
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
  close(): Promise<void>;
}

export async function startHttpFixture(redisUrl: string, environment: Readonly<Record<string, string>> = {}, logger?: Logger): Promise<HttpFixture> {
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
  const role = await startHttp({ config, keys: keysOf(config), keyRing, logger: logger ?? createLogger(config, 'http') });
  const service = new AnalyticsService({}, config);
  const url = `http://127.0.0.1:${role.port}`;
  const token = async (name: string, subject = 'somebody', ttlSeconds = 600): Promise<string> => signToken(config, { subject, roles: name === '' ? [] : [name], ttlSeconds });
  const headersOf = async ({ role: name = 'admin', subject, token: given, headers = {} }: Asked): Promise<Record<string, string>> => ({
    ...(given === null ? {} : { Authorization: `Bearer ${given ?? (await token(name, subject))}` }),
    ...headers,
  });
  const connectSocket = (): Socket => connect(role.port, '127.0.0.1');
  return {
    config, role, url, service, token,
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
    async close() {
      await role.close();
      await service.close();
      keyRing.reading?.dataKeys.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
