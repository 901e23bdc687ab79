/** What a child process can be asked to do: a name, one input, one answer. Both go through JSON. */
export type Commands = Record<string, (input: never) => Promise<unknown>>;

export interface Request {
  readonly id: number;
  readonly command: string;
  readonly input: unknown;
}

export interface Reply {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: string;
}

/** Answers the parent's commands, one promise each; the process ends when the parent is gone. */
export function serveCommands(commands: Commands): void {
  process.on('message', (request: Request) => {
    const command = commands[request.command];
    const answer = command
      ? // The parent is compiled from the same `Commands` type and so passes what the command takes.
        command(request.input as never)
      : Promise.reject(new Error(`There is no command ${request.command} here.`));
    answer.then(
      (output) => reply({ id: request.id, output }),
      (error: unknown) => reply({ id: request.id, error: error instanceof Error ? (error.stack ?? error.message) : 'failed' }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

function reply(message: Reply): void {
  if (process.connected) process.send?.(message);
}
