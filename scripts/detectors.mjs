// Behind "npm run detectors": makes sure that it is built, then measures what the guard finds and what it costs.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/runBuilt.mjs').then(async ({ runBuilt }) => runBuilt('benchmarks/identifiers/main.js'));
