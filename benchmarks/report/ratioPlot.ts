import type { TopLevelSpec } from 'vega-lite';

import type { Row } from '../rows/Row.js';
import { rounded } from './figure.js';
import { colours } from './renderSvg.js';

const WIDTH = 520;
const BAR = 22;
const TENS = [0.01, 0.1, 1, 10, 100, 1000, 10_000];

/** How each row does against its target: how many times better than the peer, and how much of what is allowed it takes. */
export function ratioPlot(rows: readonly Row[]): TopLevelSpec | undefined {
  const parts = [ratioPart(rows), allowancePart(rows)].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : { vconcat: parts, spacing: 30 };
}

type Part = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

function ratioPart(rows: readonly Row[]): Part | undefined {
  const values = rows
    .filter(({ ratio, targetIs }) => ratio !== null && targetIs === 'least ratio')
    .map(({ id, ratio, spread, target, pass }) => ({
      id,
      ratio,
      least: spread.ratio?.min,
      most: spread.ratio?.max,
      target,
      state: pass ? 'meets its target' : 'misses it',
      label: `${rounded(ratio ?? 0)} ×`,
    }));
  if (values.length === 0) return undefined;
  const y = { field: 'id', type: 'nominal', sort: null, title: null, axis: { labelFontSize: 12, grid: false, ticks: false } } as const;
  const scale = { type: 'log', nice: true } as const;
  return {
    title: { text: 'Times better than the peer', subtitle: ['Logarithmic. The black mark is the target,', 'the thin line reaches from the worst round to the best.'] },
    width: WIDTH,
    height: { step: BAR },
    data: { values },
    encoding: { y },
    layer: [
      {
        mark: { type: 'bar', height: 13 },
        encoding: {
          x: { field: 'ratio', type: 'quantitative', scale, title: null, axis: { values: TENS, labelExpr: "datum.value + ' ×'" } },
          x2: { datum: 1 },
          color: {
            field: 'state',
            type: 'nominal',
            title: null,
            scale: { domain: ['meets its target', 'misses it'], range: [colours.ours, colours.missed] },
          },
        },
      },
      { mark: { type: 'rule', color: colours.text, strokeWidth: 1 }, encoding: { x: { field: 'least', type: 'quantitative' }, x2: { field: 'most' } } },
      { mark: { type: 'tick', color: 'black', thickness: 3, size: 20 }, encoding: { x: { field: 'target', type: 'quantitative' } } },
      {
        mark: { type: 'text', align: 'left', dx: 9, fontSize: 11, color: colours.text },
        encoding: { x: { value: WIDTH }, text: { field: 'label' } },
      },
      { mark: { type: 'rule', color: '#777' }, encoding: { x: { datum: 1 }, y: { value: 0 }, y2: { value: 'height' } } },
    ],
  };
}

function allowancePart(rows: readonly Row[]): Part | undefined {
  const values = rows.flatMap(({ id, ours, unit, target, targetIs, most, pass }) => {
    const allowed = targetIs === 'most' ? target : most;
    if (allowed === undefined) return [];
    return {
      id,
      share: ours / allowed,
      state: pass ? 'meets its target' : 'misses it',
      label: `${rounded(ours)} of ${allowed} ${unit}`,
    };
  });
  if (values.length === 0) return undefined;
  return {
    title: { text: 'Of what is allowed' },
    width: WIDTH,
    height: { step: BAR },
    data: { values },
    encoding: { y: { field: 'id', type: 'nominal', sort: null, title: null, axis: { labelFontSize: 12, grid: false, ticks: false } } },
    layer: [
      {
        mark: { type: 'bar', height: 13 },
        encoding: {
          x: { field: 'share', type: 'quantitative', title: null, scale: { domainMin: 0, domainMax: Math.max(1, ...values.map(({ share }) => share)) }, axis: { format: '.0%' } },
          color: {
            field: 'state',
            type: 'nominal',
            title: null,
            scale: { domain: ['meets its target', 'misses it'], range: [colours.ours, colours.missed] },
          },
        },
      },
      { mark: { type: 'rule', color: 'black', strokeWidth: 3 }, encoding: { x: { datum: 1 }, y: { value: 0 }, y2: { value: 'height' } } },
      {
        mark: { type: 'text', align: 'left', dx: 9, fontSize: 11, color: colours.text },
        encoding: { x: { value: WIDTH }, text: { field: 'label' } },
      },
    ],
  };
}
