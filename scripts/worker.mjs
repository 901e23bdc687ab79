// Behind "worker:analytics": processing, broadcasting, scheduling and the HTTP API in one process, from dist. It starts no Redis; it waits for it.
// With --watch ("worker:analytics:dev") it builds and starts again whenever a source changes.
import { checkNode } from './lib/checkNode.mjs';

checkNode();
import('./lib/runWorker.mjs').then(({ runWorker, watchWorker }) => (process.argv.includes('--watch') ? watchWorker() : runWorker()));
