import { setTimeout as sleep } from 'node:timers/promises';

import type { Config } from '../config/parseConfig.js';
import { nameOfPlace, placeVariable } from '../config/redisPlace.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import type { Logger } from '../logging/createLogger.js';
import { lastingRefusals, refusalWord } from '../redis/refusalWord.js';
import { awaitRedis, type AnsweringRedis } from './awaitRedis.js';
import { openRuntime } from './openRuntime.js';
import type { Runtime } from './Runtime.js';

const TRY_EVERY_MS = 500;
const SAY_EVERY_MS = 30_000;

export interface OpenedRuntime {
  readonly redis: AnsweringRedis;
  readonly runtime: Omit<Runtime, 'endBroken'>;
}

/**
 * Waits until Redis answers and takes what a start has to read and to write, for ever: one that is full, cannot write to its disk, or has another
 * master taking over will be right again, and a process that ended would only be started again. Says what it waits for when that changes,
 * and every half minute.
 *
 * @returns undefined if `signal` was aborted first
 * @throws ConfigurationError, KeyError when waiting does not help: see `awaitRedis` and `openRuntime`; and when the Redis user may not do what is needed
 */
export async function awaitRuntime(config: Config, logger: Logger, signal: AbortSignal): Promise<OpenedRuntime | undefined> {
  let said: { readonly reason: string; readonly at: number } | undefined;
  for (;;) {
    const redis = await awaitRedis(config, logger, signal);
    if (redis === undefined) return undefined;
    try {
      const runtime = await openRuntime(config, logger);
      if (said !== undefined) logger.info('Redis takes what the start needs.');
      return { redis, runtime };
    } catch (error) {
      const reason = passingReason(error, config);
      if (reason === undefined) throw error;
      if (reason !== said?.reason || performance.now() - said.at >= SAY_EVERY_MS) {
        said = { reason, at: performance.now() };
        logger.warn('Waiting for Redis: it refuses what the start needs.', { reason, host: nameOfPlace(config) });
      }
    }
    await sleep(TRY_EVERY_MS, undefined, { signal }).catch(() => undefined); // Aborted: awaitRedis returns at once.
  }
}

/** Names of ioredis's errors when nobody answered, though somebody did a moment ago. */
const UNANSWERED = new Set(['MaxRetriesPerRequestError', 'ClusterAllFailedError', 'AbortError']);
const UNANSWERED_TEXT = /^(Connection is closed|Command timed out|Stream isn't writeable)/;

/** In a word, why the start failed if that may pass; undefined if it does not by itself. */
function passingReason(error: unknown, config: Config): string | undefined {
  if (!(error instanceof Error) || error instanceof AnalyticsError) return undefined;
  const word = refusalWord(error);
  if (word === undefined) return UNANSWERED.has(error.name) || UNANSWERED_TEXT.test(error.message) ? 'no-answer' : undefined;
  if (!lastingRefusals.has(word)) return word;
  throw new ConfigurationError([
    `${placeVariable(config)}: The Redis user may not do what this process needs (${word}). "npm run acl" writes users that may: docs/hardening.md.`,
  ]);
}
