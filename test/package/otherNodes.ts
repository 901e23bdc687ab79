import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

// Kept between runs: each is 100 MB and more. A clean install of the packages removes it.
const cache = join(process.cwd(), 'node_modules/.cache/analytics-nodes');
const INSTALL_MS = 60_000;

export type OtherNode = { readonly program: string } | { readonly missing: string };

/**
 * A Node of another major version, or why there is none. It is what npm's package `node` installs for this platform, taken
 * by its own name: so nobody's install script has to run.
 */
export function otherNode(major: number): OtherNode {
  const folder = join(cache, String(major));
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const program = join(folder, 'node_modules', name, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
  try {
    if (!existsSync(program)) {
      mkdirSync(folder, { recursive: true });
      const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', folder, `${name}@${major}`];
      execFileSync('npm', args, { timeout: INSTALL_MS, stdio: 'ignore' });
    }
    const version = execFileSync(program, ['--version']).toString().trim();
    return version.startsWith(`v${major}.`) ? { program } : { missing: `npm gave Node ${version} for ${major}` };
  } catch {
    return { missing: `npm could not install ${name}@${major}; is there a registry?` };
  }
}
