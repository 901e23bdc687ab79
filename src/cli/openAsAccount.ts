import { commandSubject } from '../access/commandSubject.js';
import { dataLabels } from '../contract/dataClasses.js';
import { AnalyticsService, type ActorService } from '../lib/services/analytics/AnalyticsService.js';

/**
 * The service as the account that runs a command: it holds the keys, so it may administer, and records of audit say who it was
 * instead of that it was the application.
 */
export function openAsAccount(): { readonly service: ActorService } & AsyncDisposable {
  const service = new AnalyticsService();
  return {
    service: service.as({ subject: commandSubject(), roles: ['admin'], purpose: 'operations', labels: [...dataLabels] }),
    [Symbol.asyncDispose]: async () => void (await service.close()),
  };
}
