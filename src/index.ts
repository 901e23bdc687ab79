export { AnalyticsService, type CloseReport, type TrackEventResult, type TrackFailure, type TrackMetricResult } from './lib/services/analytics/AnalyticsService.js';
export type { AnalyticsServiceOptions } from './lib/services/analytics/options.js';

export { EventType } from './contract/EventType.js';
export { EventPriority } from './contract/EventPriority.js';
export { defineEventType } from './contract/defineEventType.js';
export { createEventTypes, type EventTypes } from './contract/eventTypes.js';
export { limits } from './contract/limits.js';
export type { GetEventsOptions } from './queries/getEvents.js';
export type { GetMetricsOptions } from './queries/metrics/getMetrics.js';
export type { Stats } from './monitoring/Stats.js';
export type { Event, EventData } from './contract/event.js';
export type { Metric, MetricData } from './contract/metric.js';
export type { CleanupReport } from './retention/cleanupStatus.js';
export type { GuardDetector, GuardMode, GuardPolicy } from './security/guard/GuardPolicy.js';

export { AnalyticsError, type ErrorCode } from './errors/AnalyticsError.js';
export { ConfigurationError } from './errors/ConfigurationError.js';
export { DeadlineError } from './errors/DeadlineError.js';
export { KeyError } from './errors/KeyError.js';
export { ServiceClosedError } from './errors/ServiceClosedError.js';
export { ValidationError, type FieldIssue } from './errors/ValidationError.js';
