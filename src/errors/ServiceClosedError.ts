import { AnalyticsError } from './AnalyticsError.js';

/** The service was closed before or while the call was made; what it carried was not acknowledged. */
export class ServiceClosedError extends AnalyticsError {
  constructor(operation: string) {
    super('SERVICE_CLOSED', `${operation} was refused because this service is closed. Make a new one to go on.`);
  }
}
