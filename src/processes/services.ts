import type { StartRole } from './Runtime.js';

/** The roles in the order in which they start; they end in the opposite order. */
export const serviceNames = ['board', 'broadcasting', 'http', 'processing', 'scheduling'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** Each loads its own parts, so that a process carries only what it runs. */
export const loadService: Readonly<Record<ServiceName, () => Promise<StartRole>>> = {
  board: async () => (await import('../../bull-board/startBoard.js')).startBoard,
  broadcasting: async () => (await import('../realtime/startBroadcasting.js')).startBroadcasting,
  http: async () => (await import('../http/startHttp.js')).startHttp,
  processing: async () => (await import('../processing/startProcessing.js')).startProcessing,
  scheduling: async () => (await import('../retention/startScheduling.js')).startScheduling,
};
