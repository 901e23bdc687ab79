import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Worker, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import { startBoard, type BoardRole } from '../../bull-board/startBoard.js';
import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { parseConfig, type Config } from '../../src/config/parseConfig.js';
import { createLogger } from '../../src/logging/createLogger.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys, type Keys } from '../../src/redis/keys.js';
import { keyRingFromMaster, type KeyRing } from '../../src/security/KeyRing.js';
import { signToken } from '../../src/security/tokens.js';
import { witness } from '../support/witness/witness.js';

/** What no answer may hold. */
export const CANARY = 'canary-4711-patient-jane';

export interface BoardFixture {
  readonly board: BoardRole;
  readonly config: Config;
  readonly keys: Keys;
  readonly redis: Redis;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  readonly keyRing: KeyRing;
  readonly url: string;
  /** Signs in with a token of this role, and gives the cookie. */
  signIn(role: string): Promise<string>;
  token(role: string, ttlSeconds?: number): Promise<string>;
  /** As a page of the board would ask, unless `headers` say otherwise. */
  ask(method: string, path: string, options?: { cookie?: string; headers?: Record<string, string>; body?: string | URLSearchParams }): Promise<Response>;
  close(): Promise<void>;
}

/** A board on a free port over a Redis. @param given keys to share with another one's; its own by default */
export async function startBoardFixture(redisUrl: string, environment: Record<string, string> = {}, given?: KeyRing): Promise<BoardFixture> {
  const dataDir = mkdtempSync(join(tmpdir(), 'analytics-board-'));
  const config = parseConfig({
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `b${randomBytes(4).toString('hex')}:`,
    ANALYTICS_BOARD_PORT: '0',
    ANALYTICS_DATA_DIR: dataDir,
    ANALYTICS_LOG_LEVEL: 'silent',
    ...environment,
  });
  const keys = createKeys(config.REDIS_PREFIX);
  const keyRing = given ?? (await keyRingFromMaster(randomBytes(32)));
  const board = await startBoard({ config, keys, logger: createLogger(config, 'board'), keyRing });
  const redis = connect(redisUrl, 'patient', 'test', () => undefined);
  const places = queuePlaces(keys);
  const queues = { events: createQueue(places.events, redis), metrics: createQueue(places.metrics, redis), maintenance: createQueue(places.maintenance, redis) };
  for (const queue of Object.values(queues)) queue.on('error', () => undefined);
  const url = `http://127.0.0.1:${board.port}`;

  const fixture: BoardFixture = {
    board,
    config,
    keys,
    redis,
    queues,
    keyRing,
    url,
    token: async (role, ttlSeconds = 600) => signToken(config, { subject: 'somebody', roles: role === '' ? [] : [role], ttlSeconds }),
    async signIn(role) {
      const response = await fixture.ask('POST', '/sign-in', { body: new URLSearchParams({ token: await fixture.token(role) }) });
      return cookieOf(response);
    },
    async ask(method, path, { cookie, headers = {}, body } = {}) {
      return fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { Accept: 'application/json', Origin: url, ...(cookie === undefined ? {} : { Cookie: cookie }), ...headers },
        ...(body === undefined ? {} : { body }),
      });
    },
    async close() {
      await board.close();
      await Promise.all(Object.values(queues).map(async (queue) => queue.close()));
      redis.disconnect();
      witness.removeFolder(dataDir);
    },
  };
  return fixture;
}

export function cookieOf(response: Response): string {
  const header = response.headers.get('set-cookie');
  if (header === null) throw new Error(`No cookie was set: ${response.status}`);
  return header.split(';')[0]!;
}

/** Puts jobs in every state into a queue, with the canary wherever BullMQ keeps something of a job. Gives a failed one's id. */
export async function plantCanaries({ queues, keys, redis }: BoardFixture): Promise<string> {
  const place = queuePlaces(keys).events;
  const data = { v: 1, n: 7, c: 'AAAA', userId: CANARY, [CANARY]: true };
  const connection = redis.duplicate();
  const worker = new Worker(
    place.name,
    async (job) => {
      await job.log(CANARY);
      await job.updateProgress({ at: CANARY });
      if (job.name === 'batch') throw new Error(`${CANARY}: ${CANARY}`);
      return { userId: CANARY };
    },
    { connection, prefix: place.prefix, name: CANARY, skipVersionCheck: true },
  );
  const failed = await queues.events.add('batch', data, { attempts: 1, stackTraceLimit: 10, deduplication: { id: CANARY } });
  await queues.events.add(CANARY, data, { removeOnComplete: false });
  const deadline = Date.now() + 10_000;
  for (;;) {
    const counts = await queues.events.getJobCounts('failed', 'completed');
    if (counts['failed'] === 1 && counts['completed'] === 1) break;
    if (Date.now() > deadline) throw new Error('The jobs did not end.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await worker.close();
  connection.disconnect();
  await queues.events.add('batch', data, { priority: 5, jobId: CANARY, telemetry: { metadata: CANARY } });
  await queues.events.add('batch', data, { delay: 3_600_000 });
  await queues.maintenance.upsertJobScheduler('cleanup', { every: 3_600_000 }, { name: CANARY, data });
  return failed.id!;
}
