export interface ReducedError {
  readonly name: string;
  readonly code?: string;
  /** Where it was thrown, without the message that begins a stack. */
  readonly stack?: readonly string[];
  readonly cause?: ReducedError;
}

const STACK_LINES = 8;
const CAUSES = 3;

/** An error without its message: messages of other libraries quote what they were given, and logs must not. */
export function reduceError(error: unknown, depth = 0): ReducedError {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? String(error.code) : undefined;
  const cause = error.cause === undefined || depth >= CAUSES ? undefined : reduceError(error.cause, depth + 1);
  const frames = stackFrames(error);
  return {
    name: plainWord(error.name),
    ...(code === undefined ? {} : { code: plainWord(code) }),
    ...(frames.length === 0 ? {} : { stack: frames }),
    ...(cause === undefined ? {} : { cause }),
  };
}

function stackFrames(error: Error): readonly string[] {
  if (typeof error.stack !== 'string') return [];
  // The message comes first and may have lines that look like frames: cut it off by its length, not by its look.
  const head = error.stack.indexOf(error.message);
  const tail = head < 0 ? error.stack : error.stack.slice(head + error.message.length);
  return tail
    .split('\n')
    .filter((line) => /^\s+at .*(:\d+:\d+\)?|<anonymous>\)?|native\)?)$/.test(line))
    .slice(0, STACK_LINES)
    .map((line) => line.trim());
}

function plainWord(value: string): string {
  return /^[\w.:-]{1,64}$/.test(value) ? value : 'Error';
}
