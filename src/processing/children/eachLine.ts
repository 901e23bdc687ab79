import type { Readable } from 'node:stream';

/** A program that writes and never ends a line. */
const MOST_CHARACTERS = 8000;

/** Calls `take` with each line of a text stream, without its end; with what is left when the stream ends. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MOST_CHARACTERS);
    for (const line of lines) if (line !== '') take(line.slice(0, MOST_CHARACTERS));
  });
  stream.on('end', () => rest !== '' && take(rest));
  stream.on('error', () => undefined); // it has ended
}
