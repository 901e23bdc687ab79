import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { installerEnvironment } from './environments.mjs';
import { Problem, root, note } from './project.mjs';

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Why the packages have to be installed, or undefined if they are as package-lock.json wants them. */
export function whyStale(folder = root) {
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return 'they are missing';
  if (existsSync(join(modules, '.modules.yaml'))) return whyStalePnpm(folder);

  const wanted = readJson(join(folder, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(modules, '.package-lock.json'))?.packages;
  if (installed === undefined) return 'node_modules was not made by npm';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const present = installed[path];
    // Packages for other platforms are in the lock file and not on the disk.
    if (present === undefined && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (present === undefined) return `${path.replace(/^.*node_modules\//, '')} is missing`;
    if (present.version !== entry.version) return `${path.replace(/^.*node_modules\//, '')} is ${present.version} instead of ${entry.version}`;
  }
  // The list may be right while somebody has deleted the folders: one look at each direct dependency.
  return missingDirect(folder);
}

/** pnpm keeps its own list; its packages are good as long as every direct one is there in the right major version. */
function whyStalePnpm(folder) {
  return missingDirect(folder, (wanted, present) => wanted.split('.')[0] === present.split('.')[0]);
}

function missingDirect(folder, fits = () => true) {
  const manifest = readJson(join(folder, 'package.json')) ?? {};
  const locked = readJson(join(folder, 'package-lock.json'))?.packages ?? {};
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
    const present = readJson(join(folder, 'node_modules', name, 'package.json'))?.version;
    if (present === undefined) return `${name} is missing`;
    const wanted = locked[`node_modules/${name}`]?.version;
    if (wanted !== undefined && !fits(wanted, present)) return `${name} is ${present} instead of ${wanted}`;
  }
  return undefined;
}

/**
 * Installs what package-lock.json lists, development packages too: the build and the tests need them in production as well.
 * No package's own script is run: none of ours needs its, and they are the way in of most attacks by a package.
 */
export function installPackages() {
  const reason = whyStale();
  if (reason === undefined) return;
  note(`Installing the packages, since ${reason}.`);
  if (npm('ci')) return;
  // Happens when package.json was edited by hand: then what it asks for is installed, and the lock file stays.
  note('That did not succeed; trying npm install.');
  if (!npm('install', '--no-save')) throw new Problem('The packages could not be installed; what npm said is above.');
}

function npm(...words) {
  const command = ['npm', ...words, '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  note(`Running: ${command.join(' ')}`);
  const result = spawnSync(command[0], command.slice(1), { cwd: root, stdio: ['ignore', 2, 2], env: installerEnvironment(), shell: process.platform === 'win32' });
  if (result.error !== undefined) throw new Problem(`npm could not be run (${result.error.code}). Install Node with npm from https://nodejs.org.`);
  return result.status === 0;
}
