import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Row } from '../rows/Row.js';
import { cpuPlot } from './cpuPlot.js';
import { growthPlot } from './growthPlot.js';
import { ratioPlot } from './ratioPlot.js';
import { renderSvg } from './renderSvg.js';

const plots = { 'bench-ratios': ratioPlot, 'bench-growth': growthPlot, 'bench-cpu': cpuPlot } as const;

/** Draws what the rows have figures for. @returns the files that were written */
export async function drawPlots(rows: readonly Row[], folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const [name, plot] of Object.entries(plots)) {
    const spec = plot(rows);
    if (spec === undefined) continue;
    const file = join(folder, `${name}.svg`);
    await writeFile(file, `${await renderSvg(spec)}\n`);
    files.push(file);
  }
  return files;
}
