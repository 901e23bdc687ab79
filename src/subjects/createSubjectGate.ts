import type { AccessGate } from '../access/AccessGate.js';
import { decide, mayDo } from '../access/decide.js';
import type { Grant } from '../access/Grant.js';
import { application, type Principal } from '../access/Principal.js';
import type { Operation } from '../contract/access.js';
import { AccessError } from '../errors/AccessError.js';
import type { SubjectGate, SubjectRequest } from './createSubjects.js';

/** Decides and records what somebody asks about one person, whose data the actor has to reach. */
export function createSubjectGate(gate: AccessGate, principal: Principal): SubjectGate {
  const requestOf = ({ operation, userId, reason }: SubjectRequest) => ({ operation, ...(userId !== undefined && { subjects: [userId] }), ...(reason !== undefined && { reason }) });
  return {
    async act(request, work) {
      const { operation, userId } = request;
      if (principal !== application && userId !== undefined) await refuseBeyond(gate, principal, operation, userId);
      return gate.act(principal, requestOf(request), work);
    },
    async told(request, count) {
      const subjects = request.userId === undefined ? [] : [request.userId];
      await gate.read(principal, requestOf(request), async () => Promise.resolve({ answer: undefined, told: { count, subjects } }));
    },
  };
}

/** @throws AccessError, recorded, where the role would do but not for this person, or not for this purpose */
async function refuseBeyond(gate: AccessGate, principal: Principal, operation: Operation, userId: string): Promise<void> {
  const { actor } = principal;
  const refused = !mayDo(actor.roles, operation) ? undefined : refusalOf(decide(actor, operation), userId);
  if (refused === undefined) return; // without the role it is refused by who decides next
  await gate.denied(principal, { operation, subjects: [userId], reason: refused });
  const why = refused === 'owner' ? 'The person is none whose data the actor reaches.' : `All of it identifies the person, and is not for the purpose ${actor.purpose}.`;
  throw new AccessError(operation, refused, why);
}

function refusalOf({ owners, isDeidentified, operation }: Grant, userId: string): 'owner' | 'purpose' | undefined {
  if (owners !== 'all' && !owners.has(userId)) return 'owner';
  return operation === 'subjects.export' && isDeidentified ? 'purpose' : undefined;
}
