import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';

import { freePort, startRedis, type TestRedis } from '../support/redis.js';
import { transformExamples } from './transformExamples.js';

const root = process.cwd();
const examples = readdirSync(join(root, 'examples')).filter((file) => /^\d\d-.*\.(ts|mjs|cjs)$/.test(file));
const run = promisify(execFile);

let redis: TestRedis;
let worker: ChildProcess;
let env: NodeJS.ProcessEnv;
let dataDir: string;
let transformedDir: string;

beforeAll(async () => {
  if (!existsSync(join(root, 'dist/src/processes/main.js'))) throw new Error('Build first: npm run build');
  redis = await startRedis();
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-examples-'));
  transformedDir = transformExamples();
  const port = await freePort();
  env = {
    ...process.env,
    NODE_OPTIONS: '',
    NODE_ENV: 'development',
    REDIS_URL: redis.url,
    ANALYTICS_DATA_DIR: dataDir,
    ANALYTICS_WS_PORT: String(port),
    ANALYTICS_LOG_LEVEL: 'warn',
    // Every process starts cold here, on a machine that is busy with other tests.
    ANALYTICS_DEADLINE_MS: '20000',
  };
  worker = spawn(process.execPath, ['dist/src/processes/main.js', '--services=processing,broadcasting'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilListening(port);
}, 60_000);

afterAll(async () => {
  if (worker?.exitCode === null) {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  }
  await redis?.stop();
  for (const folder of [dataDir, transformedDir]) rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe('the examples', () => {
  test.each(examples)('%s prints what it says', async (file) => {
    const path = join('examples', file);
    const { stdout } = await run(process.execPath, [...programOf(file), ...(await argumentsOf(file))], {
      cwd: root,
      env,
      timeout: 45_000,
    });
    expect(stdout.trimEnd().split('\n')).toEqual(promisedLines(readFileSync(join(root, path), 'utf8')));
  }, 60_000);

  test('are all listed in their README', () => {
    const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
    expect([...readme.matchAll(/^\| \[(\S+)\]\(\1\)/gm)].map(([, file]) => file)).toEqual(examples);
  });
});

/** One as its README says, from the sources; what is JavaScript as it is; the others transformed. */
function programOf(file: string): string[] {
  if (file === '02-track-events.ts') return ['--import', 'tsx', join('examples', file)];
  return [file.endsWith('.ts') ? join(transformedDir, file.replace(/\.ts$/, '.js')) : join('examples', file)];
}

/** The lines below "Prints:" in the first comment, `…` standing for anything. */
function promisedLines(source: string): unknown[] {
  const [, promised = ''] = /^ \* Prints:\n((?: \* {3}.*\n)+)/m.exec(source) ?? [];
  return promised
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(' *   '.length).split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)))
    .map((parts) => expect.stringMatching(new RegExp(`^${parts.join('.+')}$`)));
}

async function argumentsOf(file: string): Promise<string[]> {
  if (!file.startsWith('07')) return [];
  const { stdout } = await run(process.execPath, ['dist/src/cli/main.js', 'token', 'user-123'], { cwd: root, env });
  return ['user-123', stdout.trim()];
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    try {
      await once(socket, 'open');
      socket.terminate();
      return;
    } catch {
      if (worker.exitCode !== null) throw new Error('The worker ended before it listened.');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
