// Behind "npm run faults": makes sure that it is built and that a redis-server can be run, then strikes.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/prepare.mjs').then(async ({ prepare }) => {
  const { runScript } = await import('./lib/project.mjs');
  const { ensureRedisProgram } = await import('./lib/redisProgram.mjs');
  await runScript(async () => {
    await prepare();
    ensureRedisProgram();
    process.setSourceMapsEnabled(true);
    await import(new URL('../dist/test/faults/main.js', import.meta.url).href);
    return process.exitCode;
  });
});
