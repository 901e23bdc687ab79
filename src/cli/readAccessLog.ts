import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';

import { parseAccessLogLine, type AccessLogRequest } from './parseAccessLogLine.js';

export interface AccessLog {
  readonly requests: readonly AccessLogRequest[];
  /** Numbers of the lines, from 1, that are no requests; empty lines are neither. */
  readonly unparsable: readonly number[];
}

/** Reads a whole access log: about 1 GB of memory for each million lines. */
export async function readAccessLog(file: string): Promise<AccessLog> {
  const requests: AccessLogRequest[] = [];
  const unparsable: number[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const request = parseAccessLogLine(line);
    if (request === undefined) unparsable.push(number);
    else requests.push(request);
  }
  return { requests, unparsable };
}
