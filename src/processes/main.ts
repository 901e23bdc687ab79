import { ConfigurationError } from '../errors/ConfigurationError.js';
import { parseArguments } from './parseArguments.js';
import { runProcesses } from './runProcesses.js';

// The program of every process but "npm start", which calls runProcesses itself:
//   node dist/src/processes/main.js --services=processing,broadcasting,scheduling,board,http [--demo] [--standby]
process.setSourceMapsEnabled(true);
try {
  process.exit(await runProcesses(parseArguments(process.argv.slice(2))));
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
