/** Who speaks in a log line: every stream of lines that a process of this service writes. docs/threat-model.md has a row for each. */
export const logComponents = ['main', 'board', 'broadcasting', 'http', 'processing', 'scheduling', 'processor', 'dead-letters', 'demo', 'logging'] as const;

export type LogComponent = (typeof logComponents)[number];
