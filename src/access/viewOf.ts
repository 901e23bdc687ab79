import { compileClasses } from '../contract/compileClasses.js';
import type { DataLabel } from '../contract/dataClasses.js';
import type { EventTypes } from '../contract/eventTypes.js';
import { AccessError } from '../errors/AccessError.js';
import type { EventView } from '../queries/events/EventView.js';
import { ShownMembers } from '../queries/events/ShownMembers.js';
import { pathOf } from '../producer/validateIssues.js';
import type { MetricView } from '../queries/metrics/MetricView.js';
import type { Grant } from './Grant.js';
import { isPersonalTag } from './isPersonalTag.js';
import { deidentifiedClasses, LEAST_COUNT } from './policy.js';

const nothing = compileClasses({});

/** What queries show of the events that a grant is about. */
export function viewOf({ actor, operation, owners, isDeidentified }: Grant, types: Pick<EventTypes, 'classesOf'>): EventView {
  const known = new Map<string | undefined, ShownMembers>();
  const shown = (type: string | undefined): ShownMembers => {
    let members = known.get(type);
    if (members === undefined) {
      members = new ShownMembers(type === undefined ? nothing : types.classesOf(type), deidentifiedClasses);
      known.set(type, members);
    }
    return members;
  };
  return {
    owners,
    mayRead: (type) => labelsAreHeld(types.classesOf(type).labels, actor.labels),
    shown: isDeidentified ? shown : () => undefined,
    leastCount: isDeidentified ? LEAST_COUNT : 0,
    refuse(reason, sentence, field) {
      throw new AccessError(operation, reason, sentence, field);
    },
  };
}

function labelsAreHeld(labels: ReadonlySet<DataLabel>, held: readonly DataLabel[] = []): boolean {
  return [...labels].every((label) => held.includes(label));
}

/** Which tags of metrics are shown; undefined: all. Metrics belong to nobody, so what tells of a person is hidden or not told at all. */
export function metricViewOf({ operation, isDeidentified }: Grant): MetricView | undefined {
  if (!isDeidentified) return undefined;
  return {
    isShown: (tag) => !isPersonalTag(tag),
    refuse(tag) {
      throw new AccessError(operation, 'field', 'This tag tells of one person; the actor may not ask by it.', pathOf(['tags', tag]));
    },
  };
}
