import { provideRedis } from './embeddedRedis.mjs';
import { prepare } from './prepare.mjs';
import { Problem, runScript, say } from './project.mjs';

const HELP = `npm start [-- --demo]

Installs the packages and builds if needed, finds Redis at REDIS_URL or starts one,
and runs everything: processing, broadcasting, scheduling, the board and the HTTP API.

  --demo    also sends a steady synthetic stream, to see events, metrics and live messages at once
  --help    this text

  REDIS_URL              redis://localhost:6379   used if something answers there; otherwise, on a loopback
                                                  address only, a Redis is started on it
  ANALYTICS_WS_PORT      8083                     the WebSocket server
  ANALYTICS_BOARD_PORT   8084                     the board, /health/live and /health/ready
  ANALYTICS_HTTP_PORT    8085                     the HTTP API; waited for if another program has it
  ANALYTICS_DATA_DIR     .analytics               keys of development, and the data of a Redis started here

All variables: docs/configuration.md. Ctrl-C ends it all in order; the data stays.`;

const SERVICES = ['board', 'broadcasting', 'http', 'processing', 'scheduling'];

export function startAll(args) {
  return runScript(async () => {
    if (args.includes('--help') || args.includes('-h')) {
      say(HELP);
      return 0;
    }
    const unknown = args.filter((arg) => arg !== '--demo');
    if (unknown.length > 0) throw new Problem(`npm start does not know ${unknown.join(' ')}.\n\n${HELP}`);

    await prepare();
    // Built now: from here on the code is the project's own.
    const fromDist = (path) => import(new URL(`../../dist/src/${path}`, import.meta.url).href);
    const { parseConfig } = await fromDist('config/parseConfig.js');
    const { isLoopback } = await fromDist('config/isLoopback.js');
    const { loadKeyRing } = await fromDist('security/loadKeyRing.js');
    const { inspectRedis } = await fromDist('processes/inspectRedis.js');
    const { runProcesses } = await fromDist('processes/runProcesses.js');

    const config = await orProblem(() => parseConfig());
    // Without a key nothing starts in production, Redis included.
    await orProblem(() => loadKeyRing(config));

    process.setSourceMapsEnabled(true);
    // A cluster or sentinels are somebody else's.
    const isOne = config.REDIS_CLUSTER === undefined && config.REDIS_SENTINELS === undefined;
    const redis = isOne ? await provideRedis(config, inspectRedis, isLoopback) : undefined;
    const code = await runProcesses({
      services: SERVICES,
      demo: args.includes('--demo'),
      announces: true,
      restarts: true,
      redisIsEmbedded: redis !== undefined,
    });
    // Last, and after everything that writes to it. Whatever kills this process, the end of the pipe ends Redis too.
    await redis?.stop();
    process.exit(code);
  });
}

async function orProblem(read) {
  try {
    return await read();
  } catch (error) {
    throw error?.code === 'CONFIGURATION_INVALID' ? new Problem(error.message) : error;
  }
}
