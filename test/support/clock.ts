import { writeFileSync } from 'node:fs';

/** What a clock shows beside the true time. */
export interface ClockSetting {
  /** ms that it is ahead; below 0: behind. */
  readonly aheadMs: number;
  /** ms by which it gains in a second, as one does that is being corrected; below 0: loses. Default: 0. */
  readonly gainsMs?: number;
}

/** Sets the clock of all processes that were started with `clockOptions` of this file, while they run. */
export function setClock(file: string, { aheadMs, gainsMs = 0 }: ClockSetting): void {
  writeFileSync(file, `${aheadMs} ${gainsMs}`);
}

/**
 * `NODE_OPTIONS` of a process whose clock, and that of its children, `setClock` sets. No library is needed that not every machine has: all that the
 * service and its libraries ask is `Date`. Timers and `performance` go on as they do when a real clock is set.
 */
export function clockOptions(file: string): string {
  return `--import=data:text/javascript,${encodeURIComponent(sourceOf(file))}`;
}

/** A setting is seen within 2 ms: a process that asks more often would be busy with reading it. */
function sourceOf(file: string): string {
  return `
    import { readFileSync } from 'node:fs';
    const RealDate = Date;
    let text = '', ahead = 0, gains = 0, since = 0, looked = -Infinity;
    const now = () => {
      const at = performance.now();
      if (at - looked > 2) {
        looked = at;
        let found = text;
        try { found = readFileSync(${JSON.stringify(file)}, 'utf8'); } catch {}
        if (found !== text && /^-?\\d+ -?\\d+$/.test(found)) {
          text = found;
          [ahead, gains] = text.split(' ').map(Number);
          since = at;
        }
      }
      return Math.round(RealDate.now() + ahead + (at - since) / 1000 * gains);
    };
    globalThis.Date = class Date extends RealDate {
      constructor(...given) { given.length === 0 ? super(now()) : super(...given); }
      static now() { return now(); }
    };`;
}
