// Behind "npm run replay", "npm run token" and the like: makes sure that it is built, then runs the command.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/prepare.mjs').then(async ({ prepare }) => {
  const { runScript } = await import('./lib/project.mjs');
  await runScript(async () => {
    await prepare();
    process.setSourceMapsEnabled(true);
    await import(new URL('../dist/src/cli/main.js', import.meta.url).href);
    return process.exitCode;
  });
});
