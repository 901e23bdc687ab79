import { SingleBar } from 'cli-progress';

/** A progress bar on stderr; without a terminal nothing is drawn. */
export function openBar(label: string, total: number): SingleBar {
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}% {value}/{total} {duration_formatted}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(total, 0);
  return bar;
}
