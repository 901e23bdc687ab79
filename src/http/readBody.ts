import type { IncomingMessage } from 'node:http';

import { HttpError } from './HttpError.js';
import { parseJson } from './parseJson.js';

/** `application/json`, alone or with the only charset that JSON has. */
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * The body of a request, as JSON. Nothing of one that is too large is kept.
 * @param mostBytes of the body as it is sent
 * @throws HttpError; TypeError where something before this door has read it already
 */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding = 'identity', 'content-length': length } = request.headers;
  if (type === undefined || !JSON_TYPE.test(type)) throw new HttpError('UNSUPPORTED_MEDIA_TYPE', 'Send Content-Type: application/json, in UTF-8.');
  // A few bytes can say that they become gigabytes.
  if (encoding.toLowerCase() !== 'identity') throw new HttpError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is, without Content-Encoding.');
  if (length !== undefined && Number(length) > mostBytes) throw tooLarge(mostBytes);
  if (request.readableEnded || request.readableDidRead) throw new TypeError('The body was read before the API could: mount it before express.json() and its like.');
  return parseJson(await bytesOf(request, mostBytes));
}

async function bytesOf(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const done = (settle: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onAborted).off('close', onAborted);
      settle();
    };
    const onData = (part: Buffer): void => {
      size += part.length;
      if (size <= mostBytes) parts.push(part);
      else done(() => reject(tooLarge(mostBytes)));
    };
    const onEnd = (): void => done(() => resolve(Buffer.concat(parts)));
    // Nobody is there to be answered.
    const onAborted = (): void => done(() => reject(new HttpError('BAD_REQUEST', 'The body broke off.')));
    request.on('data', onData).on('end', onEnd).on('error', onAborted).on('close', onAborted);
  });
}

function tooLarge(mostBytes: number): HttpError {
  return new HttpError('BODY_TOO_LARGE', `A body has at most ${mostBytes} bytes. Send it in parts.`, { Connection: 'close' });
}
