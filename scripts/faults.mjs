// Behind "npm run faults": makes sure that it is built and that a redis-server can be run, then strikes.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/runBuilt.mjs').then(async ({ runBuilt }) => runBuilt('test/faults/main.js'));
