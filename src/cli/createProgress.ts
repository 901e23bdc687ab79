import type { SingleBar } from 'cli-progress';

import { openBar } from './openBar.js';
import type { ReplayListener } from './replayAccessLog.js';

const words = { sending: 'Sending  ', storing: 'Storing  ', comparing: 'Comparing' } as const;

/** A progress bar on stderr, one phase after the other; without a terminal it is left out. */
export function createProgress(): Pick<ReplayListener, 'onPhase' | 'onProgress'> & {
  /** Prints a line without tearing the bar. */
  note(line: string): void;
  end(): void;
} {
  let bar: SingleBar | undefined;
  return {
    onPhase(phase, total) {
      bar?.stop();
      bar = undefined;
      if (phase === 'comparing') {
        process.stderr.write(`${words.comparing} ${total} events\n`);
        return;
      }
      bar = openBar(words[phase], total);
    },
    onProgress: (done) => bar?.update(done),
    note: (line) => process.stderr.write(`\n${line}\n`),
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
}
