import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { isListening, runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, isAlive, startRedis, type TestRedis } from '../support/redis.js';

let dataDir: string;
let ports: { readonly redis: number; readonly socket: number; readonly api: number };
const programs: RunningProgram[] = [];
const servers: TestRedis[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-worker-'));
  ports = { redis: await freePort(), socket: await freePort(), api: await freePort() };
});

afterEach(async () => {
  for (const program of programs.splice(0)) {
    if (program.child.exitCode === null && program.child.signalCode === null) program.signalGroup('SIGKILL');
  }
  await Promise.all(servers.splice(0).map(async (server) => server.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

function worker(args: readonly string[] = []): RunningProgram {
  const program = runProgram(['scripts/worker.mjs', ...args], {
    REDIS_URL: `redis://127.0.0.1:${ports.redis}`,
    ANALYTICS_WS_PORT: String(ports.socket),
    ANALYTICS_HTTP_PORT: String(ports.api),
    ANALYTICS_DATA_DIR: dataDir,
  });
  programs.push(program);
  return program;
}

async function redis(): Promise<void> {
  servers.push(await startRedis({ port: ports.redis, args: ['--appendonly', 'yes'] }));
}

describe('worker:analytics', () => {
  it('starts no Redis, waits for it, and then does its work', async () => {
    const program = worker();
    await program.waitFor('Waiting for Redis.');
    expect(await isListening(ports.redis)).toBe(false);
    await redis();
    await program.waitFor('role=scheduling');
    expect([await isListening(ports.socket), await isListening(ports.api)]).toEqual([true, true]);
    program.signalGroup('SIGTERM');
    expect(await program.ended()).toBe(0);
    expect([await isListening(ports.socket), await isListening(ports.api)]).toEqual([false, false]);
  });

  it('ends while it waits for Redis', async () => {
    const program = worker();
    await program.waitFor('Waiting for Redis.');
    program.signalGroup('SIGINT');
    expect(await program.ended()).toBe(0);
  });

  it('works beside another that has the ports of WebSocket server and API, and serves them when that one has gone', async () => {
    await redis();
    const first = worker();
    await first.waitFor('role=scheduling');
    const second = worker();
    expect(await second.waitFor('role=scheduling')).toContain('standing by');
    first.signalGroup('SIGTERM');
    await first.ended();
    await second.waitFor(/serving it now[^]*serving it now/, 40_000);
    expect([await isListening(ports.socket), await isListening(ports.api)]).toEqual([true, true]);
    second.signalGroup('SIGTERM');
    expect(await second.ended()).toBe(0);
  }, 90_000); // two workers start, each of which takes its time on a busy machine
});

describe('worker:analytics:dev', () => {
  it('starts again when a source changes, and ends with its worker', async () => {
    await redis();
    const program = worker(['--watch']);
    await program.waitFor('role=scheduling');
    const pids = /pid=(\d+)/g;
    const firstPid = Number([...program.output().matchAll(pids)].at(-1)?.[1]);
    // Newer, with the same content: nobody else's build is disturbed.
    const now = new Date();
    utimesSync(fileURLToPath(new URL('../../src/index.ts', import.meta.url)), now, now);
    await program.waitFor(/Starting the worker again\.[^]*role=scheduling/, 60_000);
    const lastPid = Number([...program.output().matchAll(pids)].at(-1)?.[1]);
    expect(lastPid).not.toBe(firstPid);
    expect(isAlive(firstPid)).toBe(false);
    program.signalGroup('SIGINT');
    expect(await program.ended()).toBe(0);
    expect(await until(() => !isAlive(lastPid))).toBe(true);
  }, 90_000); // it compiles the sources twice, in each of its processes
});
