import type { Contract, ContractField } from '../../wire/contract.ts';

/** Fields that the suite's contracts declare; the owner of the tried vault stores a value in some of them. */
export const fields = {
  /** On demand, and the vault holds it. */
  given: 'conformance/given',
  /** On demand, and the vault holds none. */
  absent: 'conformance/absent',
  /** On demand, for another purpose than the others. */
  elsewise: 'conformance/elsewise',
  /** On demand, to be served once. */
  once: 'conformance/once',
  /** Optional: the owner gives the first and declines the second. */
  accepted: 'conformance/accepted',
  declined: 'conformance/declined',
  /** Each access needs the owner's yes; the vault holds the first. */
  held: 'conformance/held',
  heldAbsent: 'conformance/held_absent',
  /** In no contract. */
  undeclared: 'conformance/undeclared',
} as const;

/** What the owner is to store before the suite begins. Every value is the name of its field. */
export const stored: readonly string[] = [
  fields.given,
  fields.once,
  fields.accepted,
  fields.declined,
  fields.held,
];

/** Purpose that fields are declared with. */
export const purpose = 'testing';

const field = (name: string, tier: ContractField['tier'], more = {}): ContractField => ({
  ...{ name, tier, purpose, retention: 'until_revoked' },
  ...more,
});

/** The contract under which most rules are tried. */
export const mainTerms: Contract = {
  v: 1,
  id: 'cambium-conformance',
  version: 1,
  service: { id: 'cambium-conformance', name: 'Conformance suite' },
  title: 'A test of this vault',
  description: 'Tries whether the vault keeps to the standard. Made-up fields only.',
  published: 1790000000000,
  fields: [
    field(fields.given, 'on_demand'),
    field(fields.absent, 'on_demand'),
    field(fields.elsewise, 'on_demand', { purpose: 'elsewise' }),
    field(fields.once, 'on_demand', { retention: 'P0D' }),
    field(fields.accepted, 'optional'),
    field(fields.declined, 'optional'),
    field(fields.held, 'consent', { retention: 'session' }),
    field(fields.heldAbsent, 'consent', { retention: 'session' }),
  ],
  permissions: {
    store: false,
    messages: false,
    authentication: false,
    payment: true,
    signatures: false,
    identity: false,
    location: false,
  },
  limits: { requests_per_hour: 1_000_000, burst: 1_000_000 },
};

/** Notifications an hour that `richTerms` allow. */
export const richNotifications = 3;

/** A category of `richTerms`. */
export const category = 'conformance';

/** Terms that permit everything: what has a limit beside it, little. */
export const richTerms: Contract = {
  ...mainTerms,
  permissions: {
    store: true,
    messages: true,
    authentication: true,
    payment: true,
    signatures: true,
    identity: true,
    location: true,
  },
  limits: { ...mainTerms.limits, notifications_per_hour: richNotifications },
  storage: { categories: [category], megabytes: 1 },
};

/** Terms that permit nothing but data. */
export const poorTerms: Contract = {
  ...mainTerms,
  permissions: { ...mainTerms.permissions, payment: false },
};

/** Requests that `hastyTerms` allow in a row. */
export const hastyBurst = 3;

/** Terms with few tokens, and hardly any that come back. */
export const hastyTerms: Contract = {
  ...mainTerms,
  limits: { requests_per_hour: 1, burst: hastyBurst },
};

/** Terms that run out at `expires`, Unix milliseconds. */
export function briefTerms(expires: number): Contract {
  return { ...mainTerms, expires };
}

/** Terms with a required field. */
export function demandingTerms(required: string): Contract {
  return { ...mainTerms, fields: [...mainTerms.fields, field(required, 'required')] };
}
