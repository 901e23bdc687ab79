import { KeyError } from '../errors/KeyError.js';
import { script, type ScriptArgument } from '../redis/Script.js';
import type { RekeyRun } from './RekeyRun.js';
import { sealedFields } from './sealedFields.js';

/** Seals fields anew under the current key. What does not open stays as it is and is counted. */
export async function resealFields({ redis, keys, secrets, report, isLate, tell }: RekeyRun): Promise<void> {
  for await (const page of sealedFields(redis, keys)) {
    if (isLate()) {
      report.isComplete = false;
      return;
    }
    const args: ScriptArgument[] = [];
    for (const { field, place, sealed } of page) {
      try {
        const resealed = secrets.fields.reseal(place, sealed);
        if (resealed !== undefined) args.push(field, sealed, resealed);
      } catch (error) {
        if (!(error instanceof KeyError)) throw error;
        report.failed += 1;
      }
    }
    report.fields += page.length;
    if (args.length > 0) report.resealed += Number(await script('replaceSealedFields').run(redis, { keys: [page[0]!.hash], args })); // a page is never empty
    await tell();
  }
}
