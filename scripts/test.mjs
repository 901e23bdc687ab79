// Behind "npm test": installs what is missing, then runs jest with what was given: files, folders, jest's options.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/runTests.mjs').then(({ runTests }) => runTests(process.argv.slice(2)));
