import { prepare } from './prepare.mjs';
import { runScript } from './project.mjs';
import { ensureRedisProgram } from './redisProgram.mjs';

/** Runs a compiled program that needs a redis-server, once it is built and there is one. @param {string} path below dist */
export async function runBuilt(path) {
  await runScript(async () => {
    await prepare();
    ensureRedisProgram();
    process.setSourceMapsEnabled(true);
    await import(new URL(`../../dist/${path}`, import.meta.url).href);
    return process.exitCode;
  });
}
