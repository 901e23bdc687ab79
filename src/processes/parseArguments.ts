import { parseArgs } from 'node:util';

import { ConfigurationError } from '../errors/ConfigurationError.js';
import { serviceNames, type ServiceName } from './services.js';

export interface ProcessArguments {
  /** In the order in which they start. */
  readonly services: readonly ServiceName[];
  /** Sends a synthetic stream besides. */
  readonly demo: boolean;
  /** Waits for the ports of WebSocket server and API while another process has them. */
  readonly standsBy: boolean;
}

/**
 * @param args what stands after the program's name: `--services=processing,broadcasting`, `--demo`, `--standby`
 * @throws ConfigurationError naming everything that is not known
 */
export function parseArguments(args: readonly string[]): ProcessArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { services: { type: 'string' }, demo: { type: 'boolean', default: false }, standby: { type: 'boolean', default: false } },
    strict: false,
    allowPositionals: true,
  });
  const asked = String(values.services ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  const known: readonly string[] = serviceNames;
  const problems = [
    ...Object.keys(values).filter((name) => !['services', 'demo', 'standby'].includes(name)).map((name) => `--${name}: there is no such option.`),
    ...positionals.map((word) => `${word}: nothing is expected here.`),
    ...asked.filter((name) => !known.includes(name)).map((name) => `--services: there is no "${name}"; there are ${known.join(', ')}.`),
  ];
  if (asked.length === 0) problems.push(`--services: say which to run, with commas between: ${known.join(', ')}.`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { services: serviceNames.filter((name) => asked.includes(name)), demo: values.demo === true, standsBy: values.standby === true };
}
