/**
 * Words that records hold often; each takes one byte. Records name them by their place here: append only, never change or
 * remove one, 127 at most.
 */
export const words: readonly string[] = [
  'application', 'token', 'key', 'cli', 'board', 'socket', 'http', 'worker',
  'ingest', 'self', 'clinician', 'analyst', 'auditor', 'operator', 'admin', 'viewer',
  'treatment', 'operations', 'payment', 'research', 'subject-request', 'audit', 'emergency', 'none',
  'events.read', 'events.count', 'metrics.read', 'metrics.list', 'subjects.export', 'subjects.erase', 'deadletters.list', 'deadletters.inspect',
  'deadletters.retry', 'deadletters.drop', 'audit.read', 'audit.export', 'audit.verify', 'audit.trim', 'export.deidentified', 'keys.rotate',
  'signin', 'signin.board', 'signin.socket', 'events.stream', 'stats.read',
  'page_view', 'user_action', 'therapy_session', 'notification', 'error', 'security', 'performance', 'custom',
  'FORBIDDEN', 'UNAUTHENTICATED', '127.0.0.1', '::1', 'badToken', 'noRole', 'tooMany',
  'emergency.begin', 'emergency.end', 'emergency.list', 'signins.manage',
];
