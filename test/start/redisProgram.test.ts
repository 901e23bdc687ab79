import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { runProgram } from '../support/program.js';

/** A machine whose programs are only those that the test puts there. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-machine-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

const server = (version: string) => `echo "Redis server v=${version} sha=00000000:0 malloc=libc bits=64 build=0"`;
/** A package manager that puts a server beside itself when it is asked for that package. */
const installing = (packageName: string, program: string) =>
  `case "$*" in *"${packageName}"*) printf '#!/bin/sh\\n${server('7.0.15').replaceAll('"', '\\"')}\\n' > "${folder}/${program}"; chmod +x "${folder}/${program}";; esac`;

async function ensure(): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }> {
  const script = `import('./scripts/lib/redisProgram.mjs').then(({ ensureRedisProgram }) => console.log(JSON.stringify(ensureRedisProgram([${JSON.stringify(folder)}]))))
    .catch((error) => { console.log(error.message); process.exitCode = 1; })`;
  const program = runProgram(['-e', script], { PATH: [folder, '/bin'].join(delimiter) });
  return { code: await program.ended(), output: program.output() };
}

describe('finding a redis-server', () => {
  it('takes one that is new enough, or a valkey-server', async () => {
    put('redis-server', server('5.0.3'));
    put('valkey-server', server('8.0.1'));
    expect(await ensure()).toEqual({ code: 0, output: `${JSON.stringify({ path: join(folder, 'valkey-server'), isNew: false })}\n` });
  });

  it.each([
    ['apt-get', 'redis-server', 'redis-server'],
    ['dnf', 'valkey', 'valkey-server'],
    ['apk', 'redis', 'redis-server'],
    ['brew', 'redis', 'redis-server'],
  ])('installs it with %s where that asks nothing, after printing the command', async (manager, packageName, program) => {
    put(manager, installing(packageName, program));
    put('sudo', 'shift; [ "$1" = true ] && exit 0; exec "$@"');
    const { code, output } = await ensure();
    expect(output).toMatch(new RegExp(`Running: .*${manager} .*${packageName}`));
    expect(output).toContain(JSON.stringify({ path: join(folder, program), isNew: true }));
    expect(code).toBe(0);
  });

  it('says the exact command where it may not install, or cannot', async () => {
    put('pacman', 'exit 1');
    expect(await ensure()).toMatchObject({ code: 1, output: expect.stringContaining('sudo pacman -S valkey') });
    put('apt-get', 'exit 1');
    put('sudo', 'exit 1');
    expect(await ensure()).toMatchObject({ code: 1, output: expect.stringContaining('sudo apt-get install -y --no-install-recommends redis-server') });
  });
});
