import type { TopLevelSpec } from 'vega-lite';

import type { CpuByProcess, Row } from '../rows/Row.js';

const WIDTH = 520;
const BAR = 30;

/** CPU time of an event by process, ours and the peer's: each on a scale of its own, since they are far apart. */
export function cpuPlot(rows: readonly Row[]): TopLevelSpec | undefined {
  const measured = rows.flatMap(({ id, cpuUs }) => (cpuUs ? [{ id, cpuUs }] : []));
  const [first] = measured;
  if (first === undefined) return undefined;
  const processes = [...new Set(measured.flatMap(({ cpuUs }) => [...Object.keys(cpuUs.ours), ...Object.keys(cpuUs.peer)]))];
  return {
    vconcat: [
      part('CPU time of one event, by process', measured.map(({ id, cpuUs }) => [id, cpuUs.ours]), processes),
      part('The same of one job per event', [['peer', first.cpuUs.peer]], processes),
    ],
    spacing: 24,
    resolve: { scale: { color: 'shared' } },
  };
}

type Part = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

function part(text: string, bars: readonly (readonly [string, CpuByProcess])[], processes: readonly string[]): Part {
  const values = bars.flatMap(([bar, byProcess]) =>
    Object.entries(byProcess).map(([name, us]) => ({ bar, name, us, order: processes.indexOf(name) })),
  );
  return {
    title: { text },
    width: WIDTH,
    height: { step: BAR },
    data: { values },
    mark: { type: 'bar', height: 20 },
    encoding: {
      y: { field: 'bar', type: 'nominal', sort: null, title: null, axis: { labelFontSize: 12, ticks: false, minExtent: 70 } },
      x: { field: 'us', type: 'quantitative', stack: true, title: 'µs an event' },
      color: { field: 'name', type: 'nominal', title: null, sort: [...processes], scale: { scheme: 'tableau10', domain: [...processes] } },
      order: { field: 'order', type: 'quantitative' },
    },
  };
}
