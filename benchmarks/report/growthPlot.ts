import type { TopLevelSpec } from 'vega-lite';

import type { Growth, Row } from '../rows/Row.js';
import { rounded } from './figure.js';
import { colours } from './renderSvg.js';

const COLUMNS = 3;
const WIDTH = 200;
const HEIGHT = 150;
/** Between a line and the panel's edge, for the figure at its end. */
const ROOM = 1.6;

/** What each row costs with less and with more stored. */
export function growthPlot(rows: readonly Row[]): TopLevelSpec | undefined {
  const panels = rows.flatMap(({ id, growth }) => (growth?.points.some(({ ours }) => ours > 0) ? [panel(id, growth)] : []));
  if (panels.length === 0) return undefined;
  return {
    title: {
      text: 'The cost of one more stored million',
      subtitle: ['Both axes are logarithmic. A level line is a cost that does not depend on what is stored;', 'one that is as large as the store would rise as the peer’s of page-500k does.'],
    },
    columns: COLUMNS,
    spacing: { row: 34, column: 28 },
    concat: panels,
    resolve: { scale: { color: 'shared' } },
  };
}

type Panel = Extract<TopLevelSpec, { concat: unknown }>['concat'][number];
type Layer = Extract<Panel, { layer: unknown }>['layer'][number];

function panel(id: string, { unit, points }: Growth): Panel {
  // No logarithm has a place for 0, which is what a figure is where the machine does not tell it.
  const shown = points.map((point) => ({ ...point, peer: point.peer === 0 ? null : point.peer })).filter(({ ours }) => ours > 0);
  const values = shown.flatMap(({ stored, ours, peer }, place) => {
    const millions = stored / 1e6;
    const isLast = place === shown.length - 1;
    const isUpper = peer === null || ours > peer;
    const own = { millions, figure: ours, label: rounded(ours), who: 'this service', labelled: isLast && (isUpper ? 'upper' : 'lower') };
    if (peer === null) return [own];
    return [own, { millions, figure: peer, label: rounded(peer), who: 'peer', labelled: isLast && (isUpper ? 'lower' : 'upper') }];
  });
  const tens = tensAbout(values.map(({ figure }) => figure));
  return {
    title: { text: id, fontSize: 12, offset: 6, subtitle: unit },
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    layer: [
      { mark: { type: 'line', point: { size: 36, filled: true }, strokeWidth: 2 } },
      label('upper', -10),
      label('lower', 11),
    ],
    encoding: {
      x: {
        field: 'millions',
        type: 'quantitative',
        title: 'millions stored',
        scale: { type: 'log', base: 2, nice: false },
        axis: { values: points.map(({ stored }) => stored / 1e6), format: '~g', grid: false },
      },
      y: {
        field: 'figure',
        type: 'quantitative',
        title: null,
        scale: { type: 'log', domain: [tens[0]!, tens.at(-1)!], nice: false },
        axis: { format: '~g', values: tens },
      },
      color: {
        field: 'who',
        type: 'nominal',
        title: null,
        scale: { domain: ['this service', 'peer'], range: [colours.ours, colours.peer] },
      },
    },
  };
}

/** The figure at a line's end: above the upper line, below the lower one, so that they stay apart where lines are close. */
function label(line: 'upper' | 'lower', dy: number): Layer {
  return {
    mark: { type: 'text', align: 'right', dy, fontSize: 11 },
    transform: [{ filter: `datum.labelled === '${line}'` }],
    encoding: { text: { field: 'label' } },
  };
}

/** Powers of ten about all values, two steps at least, so that noise does not look like a trend. */
function tensAbout(values: readonly number[]): number[] {
  const least = Math.floor(Math.log10(Math.min(...values) / ROOM));
  const most = Math.max(Math.ceil(Math.log10(Math.max(...values) * ROOM)), least + 2);
  return Array.from({ length: most - least + 1 }, (_, step) => 10 ** (least + step));
}
