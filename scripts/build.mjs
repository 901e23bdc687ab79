// Builds dist/: compiles the TypeScript and puts the files that the code reads at run time (Lua scripts, pages) beside it.
// Does nothing when no source is newer than the last build. `--force` builds anyway.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const sourceFolders = ['src', 'queues', 'processors', 'bull-board', 'benchmarks'];
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
  for (const folder of sourceFolders) if (existsSync(join(root, folder))) walk(folder);
  return found;
}

/** The list of files is in the stamp too: a deleted source changes it without being newer than anything. */
function isFresh(files) {
  if (!existsSync(stamp)) return false;
  const builtAt = statSync(stamp).mtimeMs;
  const changed = [...settings, ...files].some((path) => existsSync(join(root, path)) && statSync(join(root, path)).mtimeMs >= builtAt);
  return !changed && statSync(stamp).size === Buffer.byteLength(files.join('\n'));
}

/**
 * @param {{ force?: boolean, log?: (line: string) => void }} [options]
 * @returns {boolean} whether the build is good; the compiler's faults were printed if not
 */
export function build({ force = false, log = (line) => process.stderr.write(`${line}\n`) } = {}) {
  const files = sources();
  if (!force && isFresh(files)) return true;

  rmSync(stamp, { force: true });
  const startedAt = Date.now();
  log('Building ...');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const result = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { cwd: root, stdio: ['ignore', 2, 2] });
  // A file that lost its source would stay and be run. The folder itself stays, since a worker may be running from it.
  removeLeftovers(new Set(files.map((path) => path.replace(/\.ts$/, ''))));
  for (const path of files) {
    if (['.ts', '.md'].includes(extname(path))) continue;
    mkdirSync(join(dist, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(dist, path));
  }
  if (result.status !== 0) return false;
  writeFileSync(stamp, files.join('\n'));
  log(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  return true;
}

function removeLeftovers(wanted) {
  const walk = (folder) => {
    for (const entry of readdirSync(join(dist, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (/\.(js|js\.map|d\.ts)$/.test(path) && !wanted.has(path.replace(/\.(js|js\.map|d\.ts)$/, '')) && !wanted.has(path)) {
        rmSync(join(dist, path));
      }
    }
  };
  walk('.');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = build({ force: process.argv.includes('--force') }) ? 0 : 1;
}
