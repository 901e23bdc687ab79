import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';

import { build } from '../build.mjs';
import { prepare } from './prepare.mjs';
import { note, root, runScript, sleep } from './project.mjs';

const MAIN = join(root, 'dist/src/processes/main.js');
const SERVICES = ['broadcasting', 'http', 'processing', 'scheduling'];
const WATCHED = ['src', 'queues', 'processors', 'bull-board'];
/** Editors save in several steps, and a checkout changes many files. */
const SETTLE_MS = 150;

export function runWorker() {
  return runScript(async () => {
    await prepare();
    process.setSourceMapsEnabled(true);
    const { runProcesses } = await import(new URL('../../dist/src/processes/runProcesses.js', import.meta.url).href);
    process.exit(await runProcesses({ services: SERVICES, demo: false, standsBy: true, restarts: true }));
  });
}

export function watchWorker() {
  return runScript(async () => {
    await prepare();
    let worker = startWorker();
    let ending = false;
    let changedAt = 0;

    // The worker gets Ctrl-C from the terminal too; both count as one.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(name, () => {
        ending = true;
        worker.kill(name);
      });
    }
    const watchers = WATCHED.filter((folder) => existsSync(join(root, folder))).map((folder) =>
      watch(join(root, folder), { recursive: true }, () => {
        changedAt = Date.now();
      }),
    );
    note(`Watching ${WATCHED.join(', ')}.`);

    while (!ending) {
      await sleep(50);
      if (changedAt === 0 || Date.now() - changedAt < SETTLE_MS) continue;
      changedAt = 0;
      // With a fault in the code the worker that runs goes on, and the compiler has said what is wrong.
      if (!build() || ending) continue;
      note('Starting the worker again.');
      await endWorker(worker);
      if (!ending) worker = startWorker();
    }
    for (const watcher of watchers) watcher.close();
    return endWorker(worker);
  });
}

function startWorker() {
  const worker = spawn(process.execPath, ['--enable-source-maps', MAIN, `--services=${SERVICES.join(',')}`, '--standby'], { cwd: root, stdio: 'inherit' });
  worker.once('exit', (code) => {
    if (code !== 0 && code !== null) note(`The worker ended with code ${code}; it starts again at the next change.`);
  });
  return worker;
}

async function endWorker(worker) {
  if (worker.exitCode === null && worker.signalCode === null) {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  }
  return worker.exitCode ?? 1;
}
