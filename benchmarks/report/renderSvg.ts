import type { TopLevelSpec } from 'vega-lite';

/** One look for all plots. White behind them, or GitHub's dark mode would put black text on black. */
const config = {
  background: 'white',
  padding: 12,
  config: {
    font: 'sans-serif',
    title: { anchor: 'start', frame: 'group', fontSize: 14, subtitleFontSize: 11, subtitleColor: '#555', subtitlePadding: 4, offset: 10 },
    axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', gridColor: '#e6e6e6', domainColor: '#999', tickColor: '#999' },
    legend: { labelFontSize: 11, titleFontSize: 11, orient: 'bottom' },
    view: { stroke: null },
  },
} as const;

export const colours = { ours: '#1f6fb2', peer: '#9a9a9a', missed: '#d9822b', text: '#222' } as const;

/** Draws a Vega-Lite specification without a browser. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  // Only a run that draws loads them, and they are no dependencies of the service.
  const { parse, View } = await import('vega');
  const { compile } = await import('vega-lite');
  // The parts above have no fields in common with any plot's own, but their union is not a type of Vega-Lite's.
  const compiled = compile({ ...config, ...spec } as TopLevelSpec);
  return new View(parse(compiled.spec), { renderer: 'none' }).toSVG();
}
