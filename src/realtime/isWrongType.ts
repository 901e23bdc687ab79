/** Whether Redis says that a key holds something else than it should: trying again does not help. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}
