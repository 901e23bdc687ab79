import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { plantedFinder } from '../scene/plantedFinder.js';
import { processesWith } from '../scene/processTree.js';
import type { Scene } from '../scene/Scene.js';
import type { ServiceProcess } from '../scene/ServiceProcess.js';
import type { Findings } from './Findings.js';

const PIECE_BYTES = 16 * 1024 * 1024;
/** Longer than any form: one that lies across two pieces is found in the second. */
const OVERLAP_BYTES = 4096;

/** What is searched when all has ended. */
interface Left {
  readonly config: Pick<Scene['config'], 'ANALYTICS_DATA_DIR'>;
  readonly redis: Pick<Scene['redis'], 'dir'>;
  readonly processes: readonly Pick<ServiceProcess, 'name' | 'lines'>[];
}

/** Looks at the arguments and environments of the processes, while they run. */
export function checkProcesses({ config, redis }: Scene, findings: Findings): void {
  for (const pid of [redis.pid, ...processesWith(config.ANALYTICS_DATA_DIR)]) {
    for (const file of ['cmdline', 'environ']) {
      try {
        report(findings, `${file} of process ${pid}`, readFileSync(`/proc/${pid}/${file}`));
      } catch {
        // It ended meanwhile, or this is not Linux.
      }
    }
  }
}

/** Searches what is left: the files of Redis and of the processes, and what the processes have written. */
export function checkLeaks({ config, processes, redis }: Left, findings: Findings): void {
  for (const folder of [redis.dir, config.ANALYTICS_DATA_DIR]) {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) for (const piece of piecesOf(join(entry.parentPath, entry.name))) report(findings, entry.name, piece);
    }
  }
  for (const { name, lines } of processes) for (const what of lines.leaked) findings.add('leaked', name, `it wrote ${what}`);
}

function report(findings: Findings, where: string, bytes: Buffer): void {
  for (const { form, text } of plantedFinder.find(bytes)) findings.add('leaked', where, `${text} (${form})`);
}

function* piecesOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    for (let kept = 0; ; ) {
      const read = readSync(file, buffer, kept, PIECE_BYTES - kept, null);
      if (read === 0) return;
      const end = kept + read;
      yield buffer.subarray(0, end);
      kept = Math.min(OVERLAP_BYTES, end);
      buffer.copyWithin(0, end - kept, end);
    }
  } finally {
    closeSync(file);
  }
}
