/* Vaults that decide otherwise than the contract, the owner or the order of the checks says. */
import { fields } from '../../service/conformance/terms.ts';
import { isMap } from '../../wire/event.ts';
import { allowed, calls, denies, lets } from './lax-decisions.ts';
import { type Plan, type Plans, planted } from './plan.ts';
import type { Case, Wrong } from './wrong-vault.ts';

const dayMs = 24 * 60 * 60 * 1000;

const payloadOf = ({ received }: Case): { readonly [name: string]: unknown } => {
  const payload = received.event?.payload;
  return isMap(payload) ? payload : {};
};

export const asksFor = (about: Case, name: string): boolean =>
  JSON.stringify(payloadOf(about)).includes(`"${name}"`);

/** What is held is served at once. */
export const neverHolds: Wrong = {
  decides: (decision, about) =>
    decision.outcome === 'pending' ? allowed(decision, about) : decision,
};

/** What one of the first three checks refuses costs the next request its token. */
function chargesEarly(): Wrong {
  let owed = 0;
  return {
    decides: (decision, { received }) => {
      const early = decision.reason === 'signature_invalid';
      if (early) owed += 1;
      if (early || owed === 0 || !received.subject.startsWith('MessageSpace.')) return decision;
      owed -= 1;
      return { ...decision, outcome: 'denied', reason: 'rate_limited', detail: 'planted' };
    },
  };
}

const contracts: Plans = {
  'contract.named': planted(lets('contract_unknown')),
  'contract.version': planted(lets('contract_version_mismatch')),
  'contract.hash': planted(lets('contract_version_mismatch')),
  'contract.any-order': planted(
    denies('contract_version_mismatch', ({ state, received }) => {
      const document = state.connections.get(received.connection)?.contract?.contract;
      return document !== undefined && Object.keys(document)[0] !== 'v';
    }),
  ),
  'contract.expired': planted(lets('contract_expired')),
  'contract.permission': planted(lets('permission_missing')),
  'contract.form': planted(lets('schema_invalid')),
  'contract.field': planted(lets('field_not_in_contract')),
  'contract.purpose': planted(lets('purpose_mismatch')),
  'contract.purpose-named': planted(
    denies('purpose_mismatch', (about) => payloadOf(about)['purpose'] !== undefined),
  ),
  'contract.optional-declined': planted(lets('optional_declined')),
  'contract.optional-accepted': planted(
    denies('optional_declined', (about) => asksFor(about, fields.accepted)),
  ),
  'contract.retention': planted(lets('retention_expired')),
  'contract.rate': planted(lets('rate_limited'), 'hasty', 'spending'),
  'contract.rate-early': planted(chargesEarly, 'hasty', 'spending'),
};

/** Once the owner has approved, it is not served. */
const servesNoConsent: Wrong = {
  decides: (decision, about) =>
    about.round === 'again' && asksFor(about, fields.held)
      ? { ...decision, outcome: 'denied', reason: 'consent_denied', detail: 'planted' }
      : decision,
};

/** An approval of some fields is one of all. */
const approvesAll: Wrong = {
  reads: (arrival) => {
    const { event } = arrival.received;
    if (event?.type !== 'owner.approve' || !isMap(event.payload)) return arrival;
    const { fields: _, ...payload } = event.payload;
    return { ...arrival, received: { ...arrival.received, event: { ...event, payload } } };
  },
};

const swapped = (...[reason, other]: Parameters<typeof calls>): Plan =>
  planted(calls(reason, other));

const consents: Plans = {
  'reasons.held': planted(neverHolds),
  'reasons.approved': planted(servesNoConsent),
  'reasons.approved-part': planted(approvesAll),
  'reasons.order-type': swapped('event_unsupported', 'contract_unknown'),
  'reasons.order-payload': swapped('schema_invalid', 'contract_unknown'),
  'reasons.order-contract': swapped('contract_unknown', 'field_not_in_contract'),
  'reasons.order-fields': swapped('purpose_mismatch', 'optional_declined'),
  'reasons.order-freshness': swapped('expired', 'contract_unknown'),
};

/** Waits a day longer than it was told to. */
const waitsLonger: Wrong = {
  decides: (decision) => {
    const { deadline } = decision.facts;
    if (deadline === undefined) return decision;
    return { ...decision, facts: { ...decision.facts, deadline: deadline + dayMs } };
  },
};

const deliveries: Plans = {
  'delivery.once': planted(lets('duplicate')),
  'delivery.waiting': planted(
    denies('internal', (about) => {
      const waits = about.state.requests.some(({ status }) => status === 'pending');
      return waits && asksFor(about, fields.given);
    }),
  ),
  'delivery.until': planted(waitsLonger),
  'delivery.consent-expires': planted(waitsLonger),
};

export const faultsDecided: Plans = { ...contracts, ...consents, ...deliveries };
