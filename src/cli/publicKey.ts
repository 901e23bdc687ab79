import { Command } from 'commander';

import { parseConfig } from '../config/parseConfig.js';
import { loadKeyRing } from '../security/loadKeyRing.js';

/** `public-key`: prints what `ANALYTICS_PUBLIC_KEY` takes, alone on a line. */
export function createPublicKeyCommand(): Command {
  return new Command('public-key')
    .description('print the public key for processes that only produce (ANALYTICS_PUBLIC_KEY)')
    .addHelpText(
      'after',
      `
It follows from ANALYTICS_ENCRYPTION_KEY (or its file); in development from the key of the data folder, which is made
when it is missing. It is not secret: whoever has it can send events and read none.

Example:
  npm run -s public-key`,
    )
    .action(async () => {
      const { publicKey } = await loadKeyRing(parseConfig());
      process.stdout.write(`${publicKey}\n`);
    });
}
