import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

export function say(line = '') {
  process.stdout.write(`${line}\n`);
}

/** What goes on, on stderr: stdout is for what was asked, such as a token. */
export function note(line = '') {
  process.stderr.write(`${line}\n`);
}

/** Something that the person at the keyboard can mend: printed without a stack. */
export class Problem extends Error {}

/** Runs `main`, prints a Problem as its sentence, and sets the exit code. */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Problem ? error.message : (error?.stack ?? String(error))}\n`);
    process.exitCode = 1;
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
