/* Vaults that go wrong in what a connected party may ask for, and in what becomes of its terms. */
import { fields } from '../../service/conformance/terms.ts';
import { answerType, connectionMovedType, keptAnswerType } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import { asksFor, neverHolds } from './faults-decided.ts';
import { keepsBack } from './faults-later.ts';
import { answers, mute, part } from './faults-sent.ts';
import { allowed, calls, denies, lets } from './lax-decisions.ts';
import { type Plan, type Plans, planted } from './plan.ts';
import type { Wrong } from './wrong-vault.ts';

type Result = Readonly<Record<string, unknown>>;

/** What is served of that type is something else. */
const serves = (type: string, change: (result: Result) => Result): Wrong =>
  answers((answer) =>
    answer['type'] === type && answer['status'] === 'served'
      ? { ...answer, result: change(answer['result'] as Result) }
      : answer,
  );

const swapped = (reason: Reason, other: Reason = 'internal', ...again: readonly string[]): Plan =>
  planted(calls(reason, other), ...again);

/** Whatever is answered to a service is kept for it, whether what it answers was critical or not. */
const keepsAll: Wrong = {
  says: (outgoing) =>
    outgoing.type === answerType ? { ...outgoing, type: keptAnswerType } : outgoing,
};

const kept: Plans = {
  'delivery.kept-read': planted(
    mute(({ type, status }) => type === 'connection.request' && status === 'served'),
    'kept',
  ),
  'delivery.kept-opening': { ...part(6, () => null), again: ['kept'] },
  'delivery.kept-type': planted(keepsAll),
};

const signsNothing = (type: string): Plan =>
  planted(
    serves(type, (result) => ({ ...result, signature: 'A'.repeat(86) })),
    type,
  );

const readsSomething = planted(serves('storage.get', (result) => ({ ...result, value: 'x' })));

const requests: Plans = {
  'requests.permissions': swapped('permission_missing'),
  'requests.members': swapped('schema_invalid'),
  'requests.message': planted(serves('message.send', () => ({ shown: false }))),
  'requests.message-lines': swapped('schema_invalid'),
  'requests.message-limit': swapped('notification_limit'),
  'requests.statement-held': planted(neverHolds, 'authentication.request'),
  'requests.statement': signsNothing('authentication.request'),
  'requests.statement-document': signsNothing('signature.request'),
  'requests.statement-facts': signsNothing('identity.request'),
  'requests.statement-keys': planted(
    answers(({ result, ...answer }) =>
      (result as Result | undefined)?.['key'] === undefined
        ? { ...answer, result }
        : { ...answer, result: { ...(result as Result), key: 'A'.repeat(43) } },
    ),
    'authentication.request',
    'signature.request',
  ),
  'reasons.limit-own-types': planted(lets('rate_limited'), 'insistent'),
  'requests.stored': planted(serves('storage.get', (result) => ({ ...result, value: null }))),
  'requests.stored-again': planted(
    serves('storage.get', (result) => ({ ...result, value: 'first' })),
  ),
  'requests.stored-list': planted(
    serves('storage.list', ({ keys, ...result }) => ({
      ...result,
      keys: [...(keys as readonly string[])].reverse(),
    })),
  ),
  'requests.stored-deleted': readsSomething,
  'requests.stored-own': readsSomething,
  'requests.stored-category': swapped('category_not_allowed'),
  'requests.stored-key': swapped('schema_invalid'),
  'requests.stored-size': swapped('too_large'),
  'requests.stored-quota': swapped('storage_quota'),
};

/** Nothing is frozen, and who offers terms is not told that they wait. */
const neverFreezes = planted(
  {
    ...lets('contract_pending'),
    ...mute(({ type, status }) => type === 'contract.update' && status === 'pending'),
  },
  'updating',
  'update',
);

/** The terms of before stay in force, and who offered others hears nothing of how that ended. */
const neverUpdates = planted(
  {
    ...mute(({ type, status }) => type === 'contract.update' && status !== 'pending'),
    decides: (decision, about) => {
      const { type, contract } = about.received.event ?? {};
      if (type !== 'data.request') return decision;
      if (decision.reason === 'contract_version_mismatch') return allowed(decision, about);
      if ((contract?.version ?? 0) < 3) return decision;
      return { ...decision, outcome: 'denied', reason: 'contract_pending', detail: 'planted' };
    },
  },
  'updating',
  'update',
);

const updates: Plans = {
  'contract.update-form': swapped('schema_invalid'),
  'contract.update-signature': swapped('signature_invalid'),
  'contract.update-publisher': swapped('sender_subject_mismatch'),
  'contract.update-same': swapped('duplicate'),
  'contract.update-other': swapped('contract_unknown'),
  'contract.update-number': swapped('contract_version_mismatch'),
  'contract.update-previous': swapped('contract_version_mismatch'),
  'contract.update-expired': planted(lets('contract_expired')),
  'contract.update-rate': planted(lets('rate_limited')),
  'contract.update-pending': neverFreezes,
  'contract.frozen': neverFreezes,
  'contract.frozen-held': neverFreezes,
  'contract.update-replaced': neverUpdates,
  'contract.update-served': neverUpdates,
  'contract.update-in-force': neverUpdates,
  'contract.update-former': neverUpdates,
  'contract.update-rejected': planted(
    mute(({ code }) => code === 'connection_severed'),
    'rejected',
  ),
};

/** Asks the owner once, and then no more. */
function asksOnce(): Wrong {
  let asked = false;
  return {
    decides: (decision, about) => {
      if (decision.outcome !== 'pending') return decision;
      if (asked) return allowed(decision, about);
      asked = true;
      return decision;
    },
  };
}

const rememberedAgain = planted(asksOnce, 'remembered');

const remembered: Plans = {
  'contract.remembered': planted(
    {
      decides: (decision, about) =>
        decision.outcome === 'allowed' && about.round === 'first' && isAloneHeld(about)
          ? { ...decision, outcome: 'denied', reason: 'consent_denied', detail: 'planted' }
          : decision,
    },
    'remembered',
  ),
  'contract.remembered-part': rememberedAgain,
  'contract.remembered-session': rememberedAgain,
};

/** Asked for the one held field, and not for the other. */
function isAloneHeld(about: Parameters<typeof asksFor>[0]): boolean {
  return asksFor(about, fields.held) && !asksFor(about, fields.heldAbsent);
}

const neverMoves = planted(keepsBack(connectionMovedType), 'moved');

const moves: Plans = {
  'handshake.servers-form': swapped('schema_invalid'),
  'handshake.moved-told': neverMoves,
  'handshake.moved-told-again': neverMoves,
  'handshake.servers-answer': planted(
    serves('connection.servers', () => ({ servers: [] })),
    'moved',
  ),
  'handshake.moved-known': planted(
    denies('internal', ({ received }) => received.event?.type === 'connection.servers'),
    'moved',
  ),
  'handshake.moved-invites': planted({ invites: (servers) => servers.slice(0, 1) }, 'moved'),
};

export const faultsAsked: Plans = {
  ...kept,
  ...requests,
  ...updates,
  ...remembered,
  ...moves,
};
