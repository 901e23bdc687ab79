import { join } from 'node:path';

import { build, isBuilt } from '../build.mjs';
import { installPackages, whyStale } from './packages.mjs';
import { takeLock } from './processLock.mjs';
import { Problem, root, note, sleep } from './project.mjs';

const MOST_WAIT_MS = 10 * 60_000;

/**
 * Makes a clone ready: packages, then the build. Does nothing, quickly, when both are.
 * Two of these at once ("npm start" and "npm test" in a fresh clone) would delete each other's node_modules: one waits.
 */
export async function prepare({ needsBuild = true } = {}) {
  const isReady = () => whyStale() === undefined && (!needsBuild || isBuilt());
  if (isReady()) return;

  const deadline = Date.now() + MOST_WAIT_MS;
  let lock = takeLock(join(root, '.analytics/prepare.lock'), 'scripts');
  if (lock === undefined) note('Another command is installing or building; waiting for it ...');
  while (lock === undefined) {
    if (Date.now() > deadline) throw new Problem('The other command did not finish. If none runs, delete .analytics/prepare.lock.');
    await sleep(200);
    if (isReady()) return;
    lock = takeLock(join(root, '.analytics/prepare.lock'), 'scripts');
  }
  try {
    installPackages();
    if (needsBuild && !build()) throw new Problem('The build did not succeed; what the compiler said is above.');
  } finally {
    lock.release();
  }
}
