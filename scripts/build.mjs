// Builds dist/: compiles the TypeScript and puts the files that the code reads at run time (Lua scripts, pages) beside it.
// Does nothing when no source is newer than the last build. `--force` builds anyway.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { installerEnvironment } from './lib/environments.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const STAMP = '.built';
const sourceFolders = ['src', 'queues', 'processors', 'bull-board', 'benchmarks', 'test/faults', 'test/docs/threatModel', 'test/support', 'test/processing/processors'];
const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build.mjs'];

/** Whether dist/ is newer than every source. */
export function isBuilt() {
  return isFresh(sources());
}

function isTest(path) {
  return path.includes('__tests__') || path.endsWith('.test.ts');
}

/** Every file that the build reads, relative to the project. */
function sources() {
  const found = [];
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') walk(path);
      } else if (!isTest(path)) found.push(path);
    }
  };
  for (const folder of [...sourceFolders, ...programsOfTests()]) if (existsSync(join(root, folder))) walk(folder);
  return found;
}

/** What tests have written to be run: each start of it from its source took two seconds of a processor more. */
function programsOfTests() {
  if (!existsSync(join(root, 'test'))) return [];
  const entries = readdirSync(join(root, 'test'), { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isDirectory() && entry.name === 'programs').map((entry) => join(relative(root, entry.parentPath), entry.name));
}

/** The list of files is in the stamp too: a deleted source changes it without being newer than anything. */
function isFresh(files) {
  const stamp = join(dist, STAMP);
  if (!existsSync(stamp)) return false;
  const builtAt = statSync(stamp).mtimeMs;
  const changed = [...settings, ...files].some((path) => existsSync(join(root, path)) && statSync(join(root, path)).mtimeMs >= builtAt);
  return !changed && statSync(stamp).size === Buffer.byteLength(files.join('\n'));
}

/**
 * Compiles aside and then renames what differs into dist/, file by file: a process that runs from dist/ never finds half a
 * file, and a build that changes nothing touches nothing.
 *
 * @param {{ force?: boolean, log?: (line: string) => void }} [options]
 * @returns {boolean} whether the build is good; the compiler's faults were printed if not
 */
export function build({ force = false, log = (line) => process.stderr.write(`${line}\n`) } = {}) {
  const files = sources();
  if (!force && isFresh(files)) return true;

  const startedAt = Date.now();
  log('Building ...');
  // Beside dist/, so that the source maps' relative paths are right; one for each process that builds.
  const aside = join(root, `dist.next-${process.pid}`);
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', aside];
    const isGood = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2], env: installerEnvironment() }).status === 0;
    for (const path of files) if (!['.ts', '.md'].includes(extname(path))) putAside(path, aside);
    const built = allFiles(aside);
    for (const path of built) replaceIfDifferent(join(aside, path), join(dist, path));
    // A file that lost its source would stay and be run.
    const wanted = new Set(built);
    for (const path of allFiles(dist)) if (path !== STAMP && !wanted.has(path)) rmSync(join(dist, path));
    if (!isGood) {
      rmSync(join(dist, STAMP), { force: true });
      return false;
    }
    writeFileSync(join(dist, STAMP), files.join('\n'));
    // What changed while it compiled is newer than the build.
    utimesSync(join(dist, STAMP), startedAt / 1000, startedAt / 1000);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  log(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  return true;
}

function putAside(path, aside) {
  mkdirSync(join(aside, dirname(path)), { recursive: true });
  copyFileSync(join(root, path), join(aside, path));
}

function replaceIfDifferent(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

/** Relative paths of all files in a folder. */
function allFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = build({ force: process.argv.includes('--force') }) ? 0 : 1;
}
