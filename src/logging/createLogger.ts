import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';

import type { Config } from '../config/parseConfig.js';
import { logFields, type LogFieldName, type LogFields } from './fields.js';
import type { LogComponent } from './components.js';
import { LineBudget } from './LineBudget.js';
import { logOutput } from './logOutput.js';
import { reduceError } from './reduceError.js';

/**
 * A log that cannot hold what an event holds. The sentence is a constant of the code, never built from data; what
 * varies goes into the listed fields (`fields.ts`). Lines go to stderr: stdout is for a command's result.
 */
export interface Logger {
  error(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  debug(sentence: string, fields?: LogFields): void;
}

type Level = keyof Logger;

/** Kinds that a report of what was left out names; the most frequent ones. */
const MOST_NAMED = 5;
/** As many of a child's line tell what it says. */
const KIND_CHARACTERS = 160;

let budget: LineBudget | undefined;

/**
 * @param config decides level (`ANALYTICS_LOG_LEVEL`) and form: JSON lines in production, readable lines otherwise
 * @param component the part that speaks, such as `broadcaster`
 * @param linesPerSecond what the first logger of a process says holds for all of it; default: 10
 * @returns a logger; all loggers of a process share a budget of 10 lines a second
 */
export function createLogger(config: Pick<Config, 'ANALYTICS_LOG_LEVEL' | 'isProduction'>, component: LogComponent, linesPerSecond?: number): Logger {
  const silent = config.ANALYTICS_LOG_LEVEL === 'silent';
  const winston = createWinston({
    level: silent ? 'error' : config.ANALYTICS_LOG_LEVEL,
    silent,
    exitOnError: false,
    format: config.isProduction ? productionForm : developmentForm,
    transports: [new transports.Stream({ stream: logOutput() })],
  });
  const lines = sharedBudget(winston, linesPerSecond);
  const write = (level: Level, sentence: string, fields: LogFields): void => {
    if (silent || !winston.isLevelEnabled(level)) return;
    lines.offer(kindOf(sentence, fields), () => writeLine(winston, component, level, sentence, fields));
  };
  return {
    error: (sentence, fields = {}) => write('error', sentence, fields),
    warn: (sentence, fields = {}) => write('warn', sentence, fields),
    info: (sentence, fields = {}) => write('info', sentence, fields),
    debug: (sentence, fields = {}) => write('debug', sentence, fields),
  };
}

/**
 * For lines that children of this process have written: they share its budget, and are passed on as they are.
 * @returns to be called with each line
 */
export function createLineRelay(config: Pick<Config, 'ANALYTICS_LOG_LEVEL' | 'isProduction'>): (line: string) => void {
  const lines = sharedBudget(createWinston({ format: config.isProduction ? productionForm : developmentForm, transports: [new transports.Stream({ stream: logOutput() })] }));
  return (line) => lines.offer(lineKind(line), () => logOutput().write(`${line}\n`));
}

function sharedBudget(winston: Winston, linesPerSecond?: number): LineBudget {
  budget ??= new LineBudget((leftOut) => writeLine(winston, 'logging', 'warn', ...leftOutLine(leftOut)), linesPerSecond);
  return budget;
}

/** What lines have in common that say the same: their words without times, ids and counts. */
function lineKind(line: string): string {
  return line.replaceAll(/[\w.:/@+=~-]*\d[\w.:/@+=~-]*/g, '#').slice(0, KIND_CHARACTERS);
}

/** Each role says the same when it starts, and each is waited for by somebody. */
function kindOf(sentence: string, { role }: LogFields): string {
  return typeof role === 'string' && /^[a-z]+$/.test(role) ? `${sentence} (${role})` : sentence;
}

/** Made of sentences of the code, and counts. */
function leftOutLine(leftOut: ReadonlyMap<string, number>): [sentence: string, fields: LogFields] {
  const kinds = [...leftOut].toSorted(([, one], [, other]) => other - one);
  const named = kinds.slice(0, MOST_NAMED).map(([sentence, count]) => `${count} × "${sentence}"`);
  const rest = kinds.length > MOST_NAMED ? `, and of ${kinds.length - MOST_NAMED} other kinds` : '';
  return [`Log lines were left out: ${named.join(', ')}${rest}.`, { dropped: kinds.reduce((sum, [, count]) => sum + count, 0) }];
}

function writeLine(winston: Winston, component: LogComponent, level: Level, sentence: string, fields: LogFields): void {
  // winston would append a field called "message" to the sentence and take over others: ours go in one place.
  winston.log({ level, message: sentence, component, fields: allowedFields(fields) });
}

/** What of `fields` may be written. Exported for the tests. */
export function allowedFields(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (name === 'error') kept['error'] = reduceError(value);
    else if (Object.hasOwn(logFields, name)) {
      // The line above says that it is one of the names.
      const fits = logFields[name as LogFieldName](value);
      kept[name] = fits ? (typeof value === 'bigint' ? Number(value) : value) : '?';
    }
  }
  return kept;
}

const productionForm = format.printf((info) => {
  const fields = info['fields'] as Record<string, unknown>;
  return JSON.stringify({ time: new Date().toISOString(), level: info.level, component: info['component'], message: info.message, ...fields });
});

const developmentForm = format.printf((info) => {
  const fields = info['fields'] as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const time = new Date().toISOString().slice(11, 23);
  return [time, info.level.padEnd(5), `[${String(info['component'])}]`, String(info.message), ...pairs].join(' ');
});
