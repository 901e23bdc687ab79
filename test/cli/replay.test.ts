import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { z } from 'zod';

import { freePort, startRedis, type TestRedis } from '../support/redis.js';

let redis: TestRedis;
let webSocketPort: number;
let folder: string;
let file: string;
const running = new Set<ChildProcess>();
let worker: ChildProcess | undefined;

const statuses = [200, 200, 200, 301, 404, 500];
const lines = Array.from({ length: 600 }, (_, index) => {
  const time = `17/May/2015:${String(10 + Math.floor(index / 60)).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}:00 +0000`;
  return (
    `10.1.2.${index % 40} - - [${time}] "GET /page/${index % 50}?from=10.9.9.${index % 9} HTTP/1.1" ` +
    `${statuses[index % statuses.length]} ${index * 3} "http://example.org/${index % 5}" "Agent ${index % 7}"`
  );
});

beforeAll(async () => {
  redis = await startRedis();
  webSocketPort = await freePort();
  folder = mkdtempSync(join(tmpdir(), 'analytics-replay-'));
  file = join(folder, 'access.log');
  writeFileSync(file, [...lines, 'no request at all', ''].join('\n'));
});

afterAll(async () => {
  for (const child of running) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(script: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [join('dist/src', script), ...args], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NODE_ENV: 'development',
      REDIS_URL: redis.url,
      ANALYTICS_DATA_DIR: folder,
      ANALYTICS_LOG_LEVEL: 'error',
      ANALYTICS_WS_PORT: String(webSocketPort),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** One for all tests but the first, which has to come before there is one: each start takes seconds. */
function ensureWorker(): void {
  worker ??= start('processes/main.js', '--services=processing,broadcasting');
}

/** What a child has written by the time it ends. */
async function outputOf(child: ChildProcess): Promise<{ code: number | null; stdout: string }> {
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [code] = await once(child, 'close');
  return { code, stdout };
}

const messageSchema = z.object({
  type: z.string(),
  event: z.object({ id: z.string(), userId: z.string() }).optional(),
});

/** Connects once the server is up, and signs in. */
async function signIn(userId: string, token: string): Promise<{ socket: WebSocket; events: { id: string; userId: string }[] }> {
  const events: { id: string; userId: string }[] = [];
  const socket = await connected();
  const isSignedIn = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { type, event } = messageSchema.parse(JSON.parse(String(data)));
      if (type === 'authenticated') resolve();
      if (event !== undefined) events.push(event);
    });
  });
  socket.send(JSON.stringify({ type: 'authenticate', userId, token }));
  await isSignedIn;
  return { socket, events };
}

async function connected(): Promise<WebSocket> {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${webSocketPort}`);
    try {
      await once(socket, 'open');
      return socket;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('npm run replay', () => {
  test('says so when no worker is running, and goes on once there is one', async () => {
    const replay = start('cli/main.js', 'replay', file);
    const output = outputOf(replay);
    await new Promise<void>((resolve) => {
      let said = '';
      replay.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('No worker is running')) resolve();
      });
    });
    ensureWorker();
    const { code, stdout } = await output;
    expect(stdout).toMatch(/^sent 800, stored 800, duplicates 0, missing 0, \d+ events\/s$/m);
    expect(code).toBe(0);
  }, 60_000);

  test('stores every request and every field, counts what it cannot read, and works again', async () => {
    ensureWorker();
    for (const rate of ['max', '2000']) {
      const { code, stdout } = await outputOf(start('cli/main.js', 'replay', file, '--rate', rate));
      expect(stdout).toContain('600 requests read');
      expect(stdout).toContain('1 unparsable (line 601)');
      expect(stdout).toContain('40 visitors');
      expect(stdout).toMatch(/^sent 800, stored 800, duplicates 0, missing 0, \d+ events\/s$/m);
      expect(stdout).toContain('0 of 800 events differ');
      expect(stdout).toContain('600 sent, 600 stored, 0 too many, 0 lacking');
      expect(code).toBe(0);
    }
  }, 60_000);

  test('shows a signed-in visitor exactly the visitor’s own events, live', async () => {
    const address = '10.1.2.7';
    // Every 40th request is this visitor's; what went wrong counts twice, as a page view and as an error.
    const own = lines.flatMap((_, index) => (index % 40 === 7 ? [statuses[index % statuses.length] ?? 0] : []));
    const expected = own.length + own.filter((status) => status >= 400).length;
    ensureWorker();
    const { stdout: token } = await outputOf(start('cli/main.js', 'token', address));
    const { socket, events } = await signIn(address, token.trim());

    const { code } = await outputOf(start('cli/main.js', 'replay', file));
    expect(code).toBe(0);
    while (events.length < expected) await once(socket, 'message');
    // Nobody else's events follow: a round trip shows that nothing is on its way.
    socket.ping();
    await once(socket, 'pong');
    expect(events).toHaveLength(expected);
    expect(new Set(events.map(({ userId }) => userId))).toEqual(new Set([address]));
    expect(new Set(events.map(({ id }) => id)).size).toBe(expected);
    socket.terminate();
  }, 60_000);

  test('ends with code 1 when the store does not keep what was sent', async () => {
    ensureWorker();
    // Requests of 2015 are older than the 90 days that the worker keeps.
    const { code, stdout } = await outputOf(start('cli/main.js', 'replay', file, '--keep-times'));
    expect(stdout).toContain('missing 800');
    expect(stdout).toContain('ANALYTICS_RETENTION_DAYS');
    expect(code).toBe(1);
  }, 60_000);
});
