import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { z } from 'zod';

const root = process.cwd();
const packedSchema = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);
const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });

/** A project of somebody else's, outside this one, that has this package installed and nothing else. */
export interface StrangersProject {
  readonly folder: string;
  /** Paths in the package, as it would be published. */
  readonly files: readonly string[];
  remove(): void;
}

/**
 * Packs what is built and unpacks it into a new project. Only the dependencies that the package declares are there,
 * linked from here so that no registry is needed: what it uses without saying so is not found.
 */
export function installPackage(): StrangersProject {
  const folder = mkdtempSync(join(emptyPlace(), 'analytics-stranger-'));
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename, files }] = packedSchema.parse(packedList(output.toString()));
  const installed = join(folder, 'node_modules/analytics-service');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  rmSync(join(folder, filename));

  const { dependencies } = manifestSchema.parse(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')));
  for (const name of Object.keys(dependencies)) linkPackage(folder, name);
  return { folder, files: files.map(({ path }) => path), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Adds a package of this project's to the stranger's. */
export function linkPackage(folder: string, name: string): void {
  const place = join(folder, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), place);
}

/** A folder for temporary files with no packages in or above it, which a program in it would find. */
function emptyPlace(): string {
  const place = [tmpdir(), '/var/tmp', '/dev/shm'].find((folder) => existsSync(folder) && !existsSync(join(folder, 'node_modules')));
  if (place === undefined) throw new Error('There is a folder node_modules among the temporary files: remove it, so that this test means something.');
  return place;
}

/** npm 7 to 11 print a list, later ones an object by name. */
function packedList(json: string): unknown {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value : Object.values(z.record(z.string(), z.unknown()).parse(value));
}
