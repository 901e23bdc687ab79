// Behind "npm run threat-model": makes sure that it is built, then holds docs/threat-model.md against the code.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/prepare.mjs').then(async ({ prepare }) => {
  const { runScript } = await import('./lib/project.mjs');
  await runScript(async () => {
    await prepare();
    process.setSourceMapsEnabled(true);
    await import(new URL('../dist/test/docs/threatModel/main.js', import.meta.url).href);
    return process.exitCode;
  });
});
