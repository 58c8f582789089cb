/* Ways in which a vault can decide what it should not. */
import type { Decision } from '../../ledger/decision.ts';
import { fields } from '../../service/conformance/terms.ts';
import { wireTypes } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import type { Case, Wrong } from './wrong-vault.ts';

/** Allows what it should refuse for this reason. */
export function lets(reason: Reason): Wrong {
  return {
    decides: (decision, about) =>
      decision.reason === reason && isServices(about) ? allowed(decision, about) : decision,
  };
}

/** Refuses for one reason, and says another. */
export function calls(reason: Reason, other: Reason): Wrong {
  return {
    decides: (decision, about) =>
      decision.reason === reason && isServices(about) ? { ...decision, reason: other } : decision,
  };
}

/** Refuses what it should allow, where something is so. */
export function denies(reason: Reason, isSo: (about: Case) => boolean): Wrong {
  return {
    decides: (decision, about) =>
      decision.outcome !== 'denied' && isServices(about) && isSo(about)
        ? { ...decision, outcome: 'denied', reason, detail: 'planted' }
        : decision,
  };
}

/** Allowed, and given to the handler of its type. */
export function allowed(decision: Decision, { received }: Pick<Case, 'received'>): Decision {
  const { reason: _, detail: __, ...others } = decision;
  const type = received.event?.type ?? '';
  if (Object.hasOwn(wireTypes, type)) return { ...others, outcome: 'allowed' };
  const handler = type === 'payment.request' ? 'payment-request' : 'data-request';
  const facts = handler === 'data-request' ? { fields: [fields.given], ...others.facts } : {};
  return { ...others, outcome: 'allowed', handler, facts };
}

/** Whether a service asks: the owner's word stays what it is. */
function isServices({ received }: Case): boolean {
  return received.subject.startsWith('MessageSpace.');
}
