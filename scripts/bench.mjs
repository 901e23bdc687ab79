// Behind "npm run bench": makes sure that it is built and that a redis-server can be run, then measures.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/runBuilt.mjs').then(async ({ runBuilt }) => runBuilt('benchmarks/main.js'));
