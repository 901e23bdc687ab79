import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { runProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { installPackage, linkPackage, type StrangersProject } from './installPackage.js';
import { otherNode } from './otherNodes.js';

const run = promisify(execFile);
const programs = join(process.cwd(), 'test/package/programs');
const nodes = [20, 22, 24].map((major) => {
  const isOwn = process.versions.node.startsWith(`${major}.`);
  return [`Node ${major}`, isOwn ? { program: process.execPath } : otherNode(major)] as const;
});

let project: StrangersProject;
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
  project = installPackage();
  cpSync(programs, project.folder, { recursive: true });
}, 60_000);

afterAll(async () => {
  project?.remove();
  await redis?.stop();
});

/** Runs a program in the stranger's project with nothing of this environment, no flags. */
async function runThere(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return run(program, args, { cwd: project.folder, timeout: 30_000, env: { PATH: process.env['PATH'], HOME: project.folder, ...env } });
}

describe('the package', () => {
  it('holds what runs, and no sources, tests, benchmarks or secrets', () => {
    const { files } = project;
    expect(files).toEqual(expect.arrayContaining(['dist/src/index.js', 'dist/src/index.d.ts', 'dist/src/redis/scripts/storeEventChunk.lua']));
    expect(files).toEqual(expect.arrayContaining(['dist/processors/persistEvents.js', 'dist/src/cli/main.js', 'README.md', 'LICENSE', 'CHANGELOG.md']));
    const unwanted = /(?<!\.d)\.ts$|(^|\/)(test|__tests__|benchmarks|examples|node_modules|\.analytics)\/|\.built$|\.env|(^|\/)(encryption-key|token-secret)/;
    expect(files.filter((path) => unwanted.test(path))).toEqual([]);
  });

  it('brings a command', async () => {
    const { stdout, stderr } = await runThere(process.execPath, ['node_modules/analytics-service/dist/src/cli/main.js', '--help']);
    expect(stdout).toContain('replay');
    expect(stderr).toBe('');
  });

  it('brings the worker, whose children find their processors', async () => {
    const env = { REDIS_URL: redis.url, REDIS_PREFIX: 'packaged-worker:', ANALYTICS_DATA_DIR: join(project.folder, 'data') };
    const worker = runProgram([join(project.folder, 'node_modules/analytics-service/dist/src/processes/main.js'), '--services=processing'], env);
    try {
      await worker.waitFor('role=processing');
      const { stdout } = await runThere(process.execPath, ['trackAndAwait.mjs'], env);
      expect(JSON.parse(stdout)).toEqual({ page: '/from-a-stranger' });
    } finally {
      worker.signalGroup('SIGTERM');
      await worker.ended();
    }
  });

  it('has types that a strict program compiles against, libraries checked too', async () => {
    for (const name of ['@types/node', 'undici-types']) linkPackage(project.folder, name);
    mkdirSync(join(project.folder, 'typed'));
    cpSync(join(programs, 'typed.ts.txt'), join(project.folder, 'typed/program.ts'));
    writeFileSync(join(project.folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const compilerOptions = { strict: true, module: 'nodenext', target: 'es2022', lib: ['es2022', 'esnext.disposable'], skipLibCheck: false, noEmit: true, types: ['node'], exactOptionalPropertyTypes: true };
    writeFileSync(join(project.folder, 'typed/tsconfig.json'), JSON.stringify({ compilerOptions, include: ['program.ts'] }));
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    const faults = await runThere(process.execPath, [tsc, '-p', 'typed']).then(({ stdout }) => stdout, (error: { stdout: string }) => error.stdout);
    expect(faults).toBe('');
  });
});

describe.each(nodes)('on %s', (name, node) => {
  if ('missing' in node) {
    it.todo(`works, which was not tried: ${node.missing}`);
    return;
  }

  it.each(['import.mjs', 'require.cjs'])('%s tracks an event and reads it back, with no flag and no warning', async (file) => {
    const prefix = `${file.split('.')[0]}-${name.replace(' ', '-')}:`;
    const { stdout, stderr } = await runThere(node.program, [file], { REDIS_URL: redis.url, REDIS_PREFIX: prefix, ANALYTICS_DATA_DIR: join(project.folder, prefix) });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ version: expect.stringMatching(`^v${name.slice(5)}`), events: [{ type: 'user_action', userId: 'user-123', properties: { action: 'click' } }] });
  });

  it.each(['nothing.mjs', 'nothing.cjs'])('does nothing when %s imports it: no handle, no file, no connection, no look at the environment', async (file) => {
    const before = readdirSync(project.folder);
    const { stdout, stderr } = await runThere(node.program, [file], { REDIS_URL: 'no address', ANALYTICS_WS_PORT: 'no port', NODE_ENV: 'production' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ isThere: true, resources: [], environmentIsUntouched: true, newListeners: 0 });
    expect(readdirSync(project.folder)).toEqual(before);
  });
});
