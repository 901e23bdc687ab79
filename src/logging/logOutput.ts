import { Writable } from 'node:stream';

let output: Writable | undefined;
let statusLine: StatusLine | undefined;

/** A line at the bottom of a terminal that is refreshed in place and must step aside for log lines. */
export interface StatusLine {
  clear(): void;
  redraw(): void;
}

/** Tells the log which line to step round, or none. */
export function setStatusLine(line: StatusLine | undefined): void {
  statusLine = line;
}

/** Where all loggers of this process write: stderr, stepping round the line of live figures. */
export function logOutput(): Writable {
  output ??= new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      statusLine?.clear();
      process.stderr.write(chunk);
      statusLine?.redraw();
      done();
    },
  });
  // Every logger pipes into it; that is no leak.
  output.setMaxListeners(0);
  return output;
}
