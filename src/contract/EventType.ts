/** The built-in event types. `defineEventType` adds others. */
export const EventType = {
  PAGE_VIEW: 'page_view',
  USER_ACTION: 'user_action',
  THERAPY_SESSION: 'therapy_session',
  NOTIFICATION: 'notification',
  ERROR: 'error',
  SECURITY: 'security',
  PERFORMANCE: 'performance',
  CUSTOM: 'custom',
} as const;

export type EventType = (typeof EventType)[keyof typeof EventType];
