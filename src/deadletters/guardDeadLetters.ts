import type { AccessGate, Told } from '../access/AccessGate.js';
import { application, type Principal } from '../access/Principal.js';
import { viewOf } from '../access/viewOf.js';
import type { EventTypes } from '../contract/eventTypes.js';
import { AccessError } from '../errors/AccessError.js';
import type { Grant } from '../access/Grant.js';
import type { DeadLetters } from './createDeadLetters.js';
import { parseActor } from './deadLetterOptions.js';
import type { OpenedDeadLetter } from './DeadLetter.js';

export interface DeadLetterGuard {
  readonly gate: AccessGate;
  readonly principal: Principal;
  readonly types: Pick<EventTypes, 'classesOf'>;
}

const WORD = /[^\w.:/@+=~-]/g;
const MOST_OF_NAME = 128;

/** Dead letters for one actor: each call is decided and recorded before anything is given out or done. */
export function guardDeadLetters(letters: DeadLetters, { gate, principal, types }: DeadLetterGuard): DeadLetters {
  const nothing: Pick<Told, 'subjects'> = { subjects: [] };
  /** Who decides, as the record of a drop has it: the actor, whatever the call says. */
  const named = <Options extends object | undefined>(options: Options): Options =>
    principal === application ? options : { ...options, actor: principal.actor.subject.replaceAll(WORD, '_').slice(0, MOST_OF_NAME) };
  /** Where the application asks, whom it asks for stands in the record: a log would say it in clear. */
  const by = (options: unknown, what?: string): { readonly reason?: string } => {
    const actor = principal === application ? parseActor(options) : undefined;
    const words = [...(what === undefined ? [] : [what]), ...(actor === undefined ? [] : [`by ${actor}`])];
    return words.length === 0 ? {} : { reason: words.join(' ') };
  };
  return {
    list: (options) =>
      gate.read(principal, { operation: 'deadletters.list' }, async () => {
        const answer = await letters.list(options);
        return { answer, told: { ...nothing, count: answer.deadLetters.length } };
      }),
    count: () =>
      gate.read(principal, { operation: 'deadletters.list' }, async () => {
        const answer = await letters.count();
        return { answer, told: { ...nothing, count: answer.total } };
      }),
    dropped: (options) =>
      gate.read(principal, { operation: 'deadletters.list' }, async () => {
        const answer = await letters.dropped(options);
        return { answer, told: { ...nothing, count: answer.length } };
      }),
    inspect: (id, options) =>
      gate.read(principal, { operation: 'deadletters.inspect', ...by(options) }, async (grant) => {
        if (grant !== undefined) refuseDeidentified(grant);
        const answer = await letters.inspect(id, named(options));
        if (grant !== undefined) refuseLabelled(answer, grant, types);
        return { answer, told: toldOf(answer) };
      }),
    retry: (selection, options) => gate.act(principal, { operation: 'deadletters.change', ...by(options, 'retry') }, () => letters.retry(selection, named(options ?? {}))),
    drop: (selection, options) => gate.act(principal, { operation: 'deadletters.change', ...by(options, 'drop') }, () => letters.drop(selection, named(options))),
  };
}

/** What was given up is shown whole or not at all: nobody has declared what is wrong with it. */
function refuseDeidentified({ isDeidentified, operation, actor }: Grant): void {
  if (isDeidentified) throw new AccessError(operation, 'purpose', `Dead letters identify persons, and are not opened for the purpose ${actor.purpose}.`);
}

function refuseLabelled({ events }: OpenedDeadLetter, grant: Grant, types: Pick<EventTypes, 'classesOf'>): void {
  const view = viewOf(grant, types);
  if (events.some(({ type }) => !view.mayRead(type))) view.refuse('label', 'It holds events that a law of their own protects; the actor needs its label.');
}

function toldOf({ events, samples }: OpenedDeadLetter): Told {
  const subjects = new Set(events.flatMap(({ userId }) => userId ?? []));
  return { count: events.length + samples.length, subjects: [...subjects] };
}
