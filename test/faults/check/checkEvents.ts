import type { Attempt, History } from '../history/History.js';
import type { Findings } from './Findings.js';
import type { StoredEvent } from './readStore.js';

export interface EventTally {
  /** Events that some call was told were tracked. */
  acknowledged: number;
  /** Events that are stored though no call was told so. */
  recovered: number;
  stored: number;
  /** Events so old that the clean-up may have removed them: only judged if they are stored. */
  exempt: number;
}

export interface CheckEventsOptions {
  readonly history: History;
  readonly stored: AsyncIterable<StoredEvent>;
  /** Events from before this time may be gone already. */
  readonly keptFrom: number;
  /** What the events of jobs are called that failed or wait: see `keptOps`. */
  readonly kept: ReadonlySet<string>;
  readonly findings: Findings;
}

/** Holds what is stored against what the clients know, in the manner of Jepsen's total queue. */
export async function checkEvents({ history, stored, keptFrom, kept, findings }: CheckEventsOptions): Promise<EventTally> {
  const tally: EventTally = { acknowledged: 0, recovered: 0, stored: 0, exempt: 0 };
  const found = new Map<string, number>();
  const ids = new Set<string>();
  for await (const event of stored) {
    tally.stored += 1;
    const times = (found.get(event.op) ?? 0) + 1;
    found.set(event.op, times);
    const place = `${event.type} ${event.id}`;
    if (times > 1 || ids.has(place)) findings.add('duplicated', event.id, `${event.op} is stored ${times} times, at offset ${event.offset} too`);
    ids.add(place);
    const attempt = history.events.get(event.op);
    if (attempt === undefined) findings.add('unexpected', event.id, `${event.op} of ${event.type} was tracked by nobody`);
    else checkContent(attempt, event, findings);
  }

  for (const attempt of history.events.values()) {
    const isStored = found.has(attempt.op);
    const isExempt = attempt.times.some((time) => time < keptFrom);
    if (attempt.isAcknowledged) tally.acknowledged += 1;
    else if (isStored) tally.recovered += 1;
    if (isExempt) tally.exempt += 1;
    if (attempt.isAcknowledged && !isStored && !isExempt && !kept.has(attempt.op)) {
      findings.add('lost', attempt.ids[0] ?? attempt.op, `${attempt.op} of ${attempt.type} was acknowledged (${told(attempt)}) and is not stored`);
    }
    if (isStored && attempt.refused === attempt.calls) {
      findings.add('refusedButStored', attempt.op, `every call was refused (${told(attempt)}), and it is stored`);
    }
  }
  return tally;
}

function checkContent(attempt: Attempt, event: StoredEvent, findings: Findings): void {
  const wrong = [
    event.userId === attempt.userId ? undefined : 'its user',
    event.type === attempt.type ? undefined : 'its type',
    attempt.times.includes(event.time) ? undefined : 'its time',
    // Who was told nothing knows no id that the service made.
    attempt.ids.length === 0 || attempt.ids.includes(event.id) ? undefined : `its id, which its client knows as ${attempt.ids.join()}`,
  ].filter((each) => each !== undefined);
  if (wrong.length > 0) findings.add('altered', event.id, `${event.op} is stored with another value: ${wrong.join(', ')}`);
}

function told({ calls, unknown, refused }: Attempt): string {
  return `${calls} calls, ${unknown} without an answer, ${refused} refused`;
}
