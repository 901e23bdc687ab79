import type { Operation } from '../contract/access.js';
import { AnalyticsError } from './AnalyticsError.js';

/** Why somebody was refused; words of our own, so that they may stand in records and logs. */
export type AccessRefusal = 'role' | 'owner' | 'purpose' | 'field' | 'label' | 'range' | 'small_count' | 'changed' | 'secret' | 'unconfigured' | 'ended';

/** The actor may not do this. The refusal was recorded. `field` names what may not be asked for, where that is the reason. */
export class AccessError extends AnalyticsError {
  readonly operation: Operation;
  readonly reason: AccessRefusal;
  readonly field: string | undefined;

  constructor(operation: Operation, reason: AccessRefusal, sentence: string, field?: string) {
    super('FORBIDDEN', `${operation} was refused. ${sentence}`);
    this.operation = operation;
    this.reason = reason;
    this.field = field;
  }
}
