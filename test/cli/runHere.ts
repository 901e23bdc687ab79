import { jest } from '@jest/globals';
import type { Command } from 'commander';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command in this process, since each process takes seconds to start.
 * @param written gets what it prints, for those who want it of one that throws
 * @throws what the command does
 */
export async function runHere(command: Command, args: readonly string[], written = { stdout: '', stderr: '' }): Promise<Outcome> {
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    }),
  );
  // What is wrong with its arguments would end this process.
  for (const one of [command, ...command.commands]) one.exitOverride();
  process.exitCode = 0;
  try {
    await command.parseAsync(args, { from: 'user' });
    return { code: Number(process.exitCode), ...written };
  } finally {
    process.exitCode = 0;
    for (const spy of spies) spy.mockRestore();
  }
}
