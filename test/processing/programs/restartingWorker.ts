import { runProcesses } from '../../../src/processes/runProcesses.js';

// As "npm run worker:analytics" runs it, with processing alone.
process.exit(await runProcesses({ services: ['processing'], demo: false, restarts: true }));
