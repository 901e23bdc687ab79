import { parseConfig, type Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import type { LogComponent } from '../logging/components.js';
import { createLogger, type Logger } from '../logging/createLogger.js';
import { announce } from './announce.js';
import type { AnsweringRedis } from './awaitRedis.js';
import { awaitRuntime } from './awaitRuntime.js';
import { closeInOrder, type NamedRole } from './closeInOrder.js';
import { explainStartError } from './explainStartError.js';
import { guardProcess } from './guardProcess.js';
import type { ProcessArguments } from './parseArguments.js';
import type { Runtime, StartRole } from './Runtime.js';
import { loadService } from './services.js';
import { ShutdownSignal } from './ShutdownSignal.js';
import { startLiveFigures } from './startLiveFigures.js';
import { startWhenFree } from './startWhenFree.js';

/** What a broken process gets to end. */
const BROKEN_MS = 5000;

export interface RunOptions extends Omit<ProcessArguments, 'standsBy'> {
  /** Prints where everything is, and live figures: for a person at a terminal. Default: false, log lines only. */
  readonly announces?: boolean;
  /** Waits for the ports of WebSocket server and API while another process has them, instead of failing. Default: false. */
  readonly standsBy?: boolean;
  /**
   * Starts everything again in this process when a part cannot be mended otherwise. Default: false; the process ends with
   * code 1, and whoever watches it (pm2) starts another.
   */
  readonly restarts?: boolean;
  /** Whether the Redis was started for this process, which the announcement says. */
  readonly redisIsEmbedded?: boolean;
}

/**
 * Runs roles in this process until it is told to end, then ends them in order.
 *
 * @returns the exit code: 0 after an orderly end, 1 otherwise. The caller exits, after what it has to end itself.
 */
export async function runProcesses(options: RunOptions): Promise<number> {
  let config: Config;
  try {
    config = parseConfig();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  const logger = createLogger(config, options.services.length === 1 ? (options.services[0] ?? 'main') : 'main');
  guardProcess(logger);
  for (;;) {
    const { isClean, isBroken } = await runOnce(options, config, logger);
    if (!isBroken || options.restarts !== true) return isClean ? 0 : 1;
    logger.info('Starting again.');
  }
}

interface Ended {
  /** In order, in time, and because it was asked for. */
  readonly isClean: boolean;
  /** A part could not be mended. */
  readonly isBroken: boolean;
}

async function runOnce(options: RunOptions, config: Config, logger: Logger): Promise<Ended> {
  const shutdown = new ShutdownSignal(() => {
    logger.warn('Asked again: ending at once.');
    process.exit(1);
  }).listen();

  const running: NamedRole[] = [];
  let isClean = true;
  let isBroken = false;
  const endBroken: Runtime['endBroken'] = (sentence, fields) => {
    if (shutdown.signal.aborted) return;
    logger.error(sentence, fields);
    isBroken = true;
    shutdown.request();
  };
  try {
    const opened = await awaitRuntime(config, logger, shutdown.signal);
    if (opened !== undefined) {
      const runtime = { ...opened.runtime, endBroken };
      // The first of the list is closed last.
      running.push({ name: 'keys', close: async () => runtime.keyRing.reading?.dataKeys.close() });
      await start(options, runtime, opened.redis, shutdown.signal, running);
    }
    await shutdown.requested();
  } catch (error) {
    isClean = false;
    reportStartError(error, config, logger);
  }
  if (running.length > 1) logger.info('Ending: finishing what was begun.');
  // What is broken will not end in order however long it is given.
  const budgetMs = isBroken ? Math.min(config.ANALYTICS_SHUTDOWN_MS, BROKEN_MS) : config.ANALYTICS_SHUTDOWN_MS;
  isClean = (await closeInOrder(running, budgetMs, logger)) && isClean && !isBroken;
  // Asked to end while it ended because it was broken.
  if (isBroken && shutdown.wasAsked) isBroken = false;
  shutdown.dispose();
  return { isClean, isBroken };
}

async function start(options: RunOptions, runtime: Runtime, redis: AnsweringRedis, signal: AbortSignal, running: NamedRole[]): Promise<void> {
  const roles: { readonly name: LogComponent; readonly load: () => Promise<StartRole> }[] = options.services.map((name) => ({ name, load: loadService[name] }));
  if (options.demo) roles.push({ name: 'demo', load: async () => (await import('../cli/demo.js')).startDemo });
  for (const { name, load } of roles) {
    if (signal.aborted) return;
    const startRole = await load();
    const own = { ...runtime, logger: createLogger(runtime.config, name) };
    const port = portToWaitFor(name, options, runtime.config);
    const role = port === undefined ? await startRole(own) : await startWhenFree(startRole, own, port);
    running.push({ name, close: async () => role.close() });
    // A person at a terminal reads the announcement instead.
    runtime.logger[options.announces === true ? 'debug' : 'info']('Started.', { role: name, pid: process.pid });
  }
  if (options.announces === true) {
    announce(runtime.config, options, redis);
    const figures = startLiveFigures(runtime);
    running.push({ name: 'figures', close: async () => figures.close() });
  }
  // For pm2's wait_ready: from now on it may end the process that this one replaces.
  process.send?.('ready');
}

/**
 * The port that a role waits for while another process has it; undefined where the start fails instead. The API is waited for
 * beside other roles also where nobody asked for that: it came later than they, on a port that may have been in use.
 */
function portToWaitFor(name: string, { services, standsBy = false }: RunOptions, config: Config): number | undefined {
  if (name === 'broadcasting' && standsBy) return config.ANALYTICS_WS_PORT;
  return name === 'http' && (standsBy || services.length > 1) ? config.ANALYTICS_HTTP_PORT : undefined;
}

function reportStartError(error: unknown, config: Config, logger: Logger): void {
  const explanation = explainStartError(error, config);
  if (explanation !== undefined) process.stderr.write(`\n${explanation}\n`);
  else logger.error('The start failed.', { error });
}
