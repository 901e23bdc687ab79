// Makes a clone ready without running anything: packages and build, as every other command here does first.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/prepare.mjs').then(async ({ prepare }) => {
  const { runScript } = await import('./lib/project.mjs');
  await runScript(prepare);
});
