import type { Check } from '../ledger/decision.ts';

/** How a request ended, or where it stands. */
export type EntryDecision = 'approved' | 'denied' | 'pending' | 'expired' | 'failed' | 'recorded';

/**
 * One line of the audit trail: a request and whatever came of it, or another fact that the owner
 * should be able to see. Names, never values. Times are Unix milliseconds.
 */
export type AuditEntry = {
  /** Index and leaf (hex) of the record that began it: checkable against the chain. */
  readonly record: number;
  readonly leaf: string;
  /** `request`, or the kind of the record. */
  readonly kind: string;
  readonly time: number;
  readonly subject: string | null;
  readonly event: string | null;
  readonly type: string | null;
  readonly correlation: string | null;
  readonly connection: string | null;
  readonly connection_kind: string | null;
  readonly party: string | null;
  readonly name: string | null;
  /** Id of the key that the signature verified under, hex; null when it did not. */
  readonly key_id: string | null;
  readonly contract_id: string | null;
  readonly contract_version: number | null;
  readonly contract_hash: string | null;
  readonly fields_asked: readonly string[];
  readonly fields_provided: readonly string[];
  readonly purpose: string | null;
  /** Domain toward which an agent acted, as it said. */
  readonly target: string | null;
  /** `field=tier` for each field asked for. */
  readonly tiers: readonly string[];
  readonly decision: EntryDecision;
  readonly reason: string | null;
  readonly detail: string | null;
  /** `rule`; `rule:` and the indices of remembered approvals; or `owner:` and the id of the device key. */
  readonly decided_by: string | null;
  readonly consent_asked_at: number | null;
  readonly consent_decided_at: number | null;
  readonly decided_at: number | null;
  readonly responded_at: number | null;
  readonly handler: string | null;
  readonly handler_version: string | null;
  readonly handler_digest: string | null;
  readonly handler_ms: number | null;
  readonly handler_code: string | null;
  /** SHA-256 of the signed event, hex; its id holds 74 random bits, so that no dictionary opens it. */
  readonly commitment: string | null;
  readonly measurement: string;
  /** Index of the first checkpoint record behind it: the tree that this one signs holds it. */
  readonly checkpoint: number | null;
  readonly checks: readonly Check[];
};

/** An entry of which nothing is known yet. */
export const blankEntry: Omit<AuditEntry, 'record' | 'leaf' | 'kind' | 'time' | 'measurement'> = {
  subject: null,
  event: null,
  type: null,
  correlation: null,
  connection: null,
  connection_kind: null,
  party: null,
  name: null,
  key_id: null,
  contract_id: null,
  contract_version: null,
  contract_hash: null,
  fields_asked: [],
  fields_provided: [],
  purpose: null,
  target: null,
  tiers: [],
  decision: 'recorded',
  reason: null,
  detail: null,
  decided_by: null,
  consent_asked_at: null,
  consent_decided_at: null,
  decided_at: null,
  responded_at: null,
  handler: null,
  handler_version: null,
  handler_digest: null,
  handler_ms: null,
  handler_code: null,
  commitment: null,
  checkpoint: null,
  checks: [],
};
