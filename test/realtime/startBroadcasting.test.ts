import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { parseConfig, type Config } from '../../src/config/parseConfig.js';
import { closeCodes, errorCodes, resyncReasons, serverMessageSchema } from '../../src/contract/socketProtocol.js';
import type { Logger } from '../../src/logging/createLogger.js';
import { startBroadcasting, type BroadcastingRole } from '../../src/realtime/startBroadcasting.js';
import { signToken } from '../../src/security/tokens.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestStore, type TestStore } from './support/pipeline.js';
import { openSocket, signIn, until } from './support/socket.js';
import { people } from '../support/witness/people.js';

let server: TestRedis | undefined;
let store: TestStore | undefined;
let role: BroadcastingRole | undefined;
afterEach(async () => {
  await role?.close();
  store?.close();
  await server?.stop();
});

async function start(env: Record<string, string>): Promise<{ config: Config; url: string; sentences: string[]; store: TestStore; role: BroadcastingRole }> {
  server = await startRedis();
  store = await createTestStore(server.url);
  const config = parseConfig({ REDIS_URL: server.url, ANALYTICS_WS_PORT: '0', ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('hex'), ...env });
  const sentences: string[] = [];
  const note = (sentence: string): void => void sentences.push(sentence);
  const logger: Logger = { error: note, warn: note, info: note, debug: () => undefined };
  role = await startBroadcasting({ config, logger, keys: store.keys, keyRing: store.keyRing });
  return { config, url: `ws://127.0.0.1:${role.port}`, sentences, store, role };
}

describe('startBroadcasting', () => {
  it('serves clients from the socket to the store, publishes its figures, and ends without a trace', async () => {
    const started = await start({ NODE_ENV: 'production', ANALYTICS_TLS_BY_PROXY: 'true' });
    const token = await signToken(started.config, { subject: people.ada, ttlSeconds: 60 });
    const socket = await signIn(started.url, people.ada, token);
    const ids = await started.store.store([{ userId: people.ada }, { userId: people.bob }]);
    await until(() => socket.eventIds().length === 1);
    expect(socket.eventIds()).toEqual([ids[0]]);
    const [heartbeat] = await started.store.redis.keys(started.store.keys.heartbeat('broadcasting-*'));
    expect(JSON.parse((await started.store.redis.hget(heartbeat!, 'figures'))!)).toMatchObject({ clients: 0, authenticationFailures: 0 });
    await Promise.all([started.role.close(), started.role.close()]);
    expect((await socket.closed).code).toBe(1012);
    expect(await started.store.redis.keys(started.store.keys.heartbeat('*'))).toEqual([]);
    await until(async () => !String(await started.store.redis.client('LIST')).includes('analytics-broadcaster'));
  });

  it.each([
    ['accepts no token in development on loopback, and says so', {}, true],
    ['needs a token in development when it is told to', { ANALYTICS_ALLOW_BARE_AUTH: 'false' }, false],
    ['needs a token in development on other addresses', { ANALYTICS_HOST: '0.0.0.0' }, false],
    ['needs a token in production', { NODE_ENV: 'production', ANALYTICS_TLS_BY_PROXY: 'true', ANALYTICS_ALLOW_BARE_AUTH: 'true' }, false],
  ] as const)('%s', async (_, env, isAccepted) => {
    const { url, sentences } = await start(env);
    const socket = await openSocket(url);
    socket.send({ type: 'authenticate', userId: people.ada });
    await until(() => socket.messages.length > 0);
    expect(socket.messages[0]!.type).toBe(isAccepted ? 'authenticated' : 'error');
    expect(sentences.some((sentence) => sentence.includes('without a token'))).toBe(isAccepted);
    await socket.close();
  });
});

describe('docs/socket-protocol.md', () => {
  it('names every message, code and reason of the contract', async () => {
    const page = await readFile('docs/socket-protocol.md', 'utf8');
    for (const { code, reason } of Object.values(closeCodes)) expect(page).toContain(`| ${code} | ${reason} |`);
    for (const option of serverMessageSchema.options) expect(page).toContain(`"type": "${option.shape.type.value}"`);
    for (const word of [...errorCodes, ...resyncReasons]) expect(page).toContain(`\`${word}\``);
  });
});
