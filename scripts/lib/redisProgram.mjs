import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { installerEnvironment } from './environments.mjs';
import { Problem, note } from './project.mjs';

const NAMES = ['redis-server', 'valkey-server'];
/** Where packages put servers that an ordinary user's PATH may lack. */
const MORE_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin'];

function defaultFolders() {
  return [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...MORE_FOLDERS];
}

function find(name, folders) {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** The path of a redis-server or valkey-server that is new enough, or undefined. */
export function findRedisProgram(folders = defaultFolders()) {
  for (const name of NAMES) {
    const path = find(name, folders);
    if (path !== undefined && isNewEnough(path)) return path;
  }
  return undefined;
}

/** Redis 6.2 or newer; every Valkey is. */
function isNewEnough(path) {
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = /v=(\d+)\.(\d+)/.exec(said.stdout ?? '');
  if (said.status !== 0 || version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > 6 || (major === 6 && minor >= 2);
}

/** How each package manager installs it; the first package that exists is taken. */
const MANAGERS = [
  { name: 'apt-get', before: ['apt-get', 'update'], install: (packageName) => ['apt-get', 'install', '-y', '--no-install-recommends', packageName], packages: ['redis-server', 'valkey-server'], asRoot: true },
  { name: 'dnf', install: (packageName) => ['dnf', 'install', '-y', packageName], packages: ['redis', 'valkey'], asRoot: true },
  { name: 'apk', install: (packageName) => ['apk', 'add', '--no-cache', packageName], packages: ['redis', 'valkey'], asRoot: true },
  { name: 'brew', install: (packageName) => ['brew', 'install', packageName], packages: ['redis', 'valkey'], asRoot: false },
];

/** For those that are named in the message only: we don't know enough of them to run them unasked. */
const SAID_ONLY = [
  ['pacman', 'sudo pacman -S valkey'],
  ['zypper', 'sudo zypper install valkey'],
  ['yum', 'sudo yum install redis'],
  ['pkg', 'sudo pkg install redis'],
];

/**
 * Makes sure that a redis-server can be run, installing it where that needs no question.
 *
 * @returns {{ path: string, isNew: boolean }} `isNew`: just installed, so the package may have started a service
 */
export function ensureRedisProgram(folders = defaultFolders()) {
  const found = findRedisProgram(folders);
  if (found !== undefined) return { path: found, isNew: false };

  const manager = MANAGERS.find(({ name }) => find(name, folders) !== undefined);
  const prefix = manager === undefined ? undefined : privilege(manager, folders);
  if (manager === undefined || prefix === undefined) throw new Problem(howToInstall(manager, folders));

  note('No redis-server (6.2 or newer) or valkey-server is installed.');
  if (manager.before !== undefined) run([...prefix, ...manager.before]);
  for (const packageName of manager.packages) {
    run([...prefix, ...manager.install(packageName)]);
    const path = findRedisProgram(folders);
    if (path !== undefined) return { path, isNew: true };
  }
  throw new Problem(`The installation did not succeed. ${howToInstall(manager, folders)}`);
}

/** What goes before the command so that it asks nothing; undefined if it would ask. */
function privilege({ asRoot }, folders) {
  if (!asRoot || process.getuid?.() === 0) return [];
  if (find('sudo', folders) === undefined) return undefined;
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function run(command) {
  note(`Running: ${command.join(' ')}`);
  spawnSync(command[0], command.slice(1), { stdio: ['ignore', 2, 2], env: { ...installerEnvironment(), DEBIAN_FRONTEND: 'noninteractive' } });
}

function howToInstall(manager, folders) {
  const command =
    manager === undefined
      ? SAID_ONLY.find(([name]) => find(name, folders) !== undefined)?.[1]
      : `${manager.asRoot ? 'sudo ' : ''}${manager.install(manager.packages[0]).join(' ')}`;
  if (command !== undefined) return `Redis is not installed. Install it with this command, then start again:\n\n  ${command}\n`;
  if (process.platform === 'win32') return 'Redis does not run on Windows itself. Use WSL, or set REDIS_URL to a Redis elsewhere.';
  return 'Redis is not installed, and no known package manager was found. See https://redis.io/docs/install, or set REDIS_URL to a Redis elsewhere.';
}
