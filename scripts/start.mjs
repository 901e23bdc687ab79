// Behind "npm start": everything in one process, from a fresh clone on a machine that has only Node and npm.
// Old syntax here, so that an old Node reaches the check; nothing is imported that would have to be installed.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/startAll.mjs').then(({ startAll }) => startAll(process.argv.slice(2)));
