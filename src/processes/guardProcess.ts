import type { Logger } from '../logging/createLogger.js';

/** Time for the log line to reach its reader before the process ends. */
const FLUSH_MS = 50;

/**
 * Ends the process when an error got past everything: its state is unknown, and what it was doing is done again by
 * another. Without this Node would print the error with its message, which may quote data.
 */
export function guardProcess(logger: Logger): void {
  const end = (sentence: string) => (error: unknown) => {
    logger.error(sentence, { error });
    process.exitCode = 1;
    setTimeout(() => process.exit(1), FLUSH_MS);
  };
  process.on('uncaughtException', end('An error was not caught; this process ends.'));
  process.on('unhandledRejection', end('A rejection was not handled; this process ends.'));
}
