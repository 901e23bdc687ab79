import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { prepare } from './prepare.mjs';
import { root, runScript, say } from './project.mjs';
import { ensureRedisProgram } from './redisProgram.mjs';

export function runTests(args) {
  return runScript(async () => {
    await prepare();
    ensureRedisProgram();

    const folder = mkdtempSync(join(tmpdir(), 'analytics-test-'));
    const results = join(folder, 'results.json');
    try {
      const code = await jest([...args.filter((arg) => arg !== '--'), '--json', `--outputFile=${results}`]);
      report(results);
      return code;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function jest(args) {
  const child = spawn(process.execPath, ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(root, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: root,
    // --json prints the whole result on stdout as well; the readable report is on stderr.
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  // Ctrl-C reaches jest by itself; this process stays for what it says at the end.
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child.kill(name));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** jest's own summary is spread over lines and colours: one last line that people and programs can read. */
function report(results) {
  let counts;
  try {
    counts = JSON.parse(readFileSync(results, 'utf8'));
  } catch {
    return;
  }
  const broken = counts.testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;
  say(`${counts.numPassedTests} passed, ${counts.numFailedTests + broken} failed`);
}
