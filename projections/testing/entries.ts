import { type Check, checkNames } from '../../ledger/decision.ts';
import type { AuditEntry } from '../audit-entry.ts';

/** Time of record 0: a Monday, 00:00 UTC. */
export const firstTime: number = Date.UTC(2026, 0, 5);

const minuteMs = 60_000;

/** A request that was approved by a rule, with other members where they are given. */
export function makeEntry(members: Partial<AuditEntry> & { readonly record: number }): AuditEntry {
  const { record } = members;
  const time = members.time ?? firstTime + record * 10 * minuteMs;
  return {
    leaf: record.toString(16).padStart(64, '0'),
    kind: 'request',
    time,
    subject: 'vault.v1.from.acme',
    event: `event-${record}`,
    type: 'data.request',
    correlation: null,
    connection: 'c-acme',
    connection_kind: 'service',
    party: 'acme',
    name: 'Acme Insurance',
    key_id: '0badc0de',
    contract_id: 'acme-cover',
    contract_version: 1,
    contract_hash: 'ab'.repeat(32),
    fields_asked: ['personal.email', 'personal.name'],
    fields_provided: ['personal.email'],
    purpose: 'delivery',
    target: null,
    tiers: ['personal.email=on-demand', 'personal.name=on-demand'],
    decision: 'approved',
    reason: null,
    detail: null,
    decided_by: 'rule',
    consent_asked_at: null,
    consent_decided_at: null,
    decided_at: time + 3,
    responded_at: time + 9,
    handler: 'data-request',
    handler_version: '1.0.0',
    handler_digest: 'cd'.repeat(32),
    handler_ms: 2.5,
    handler_code: 'ok',
    commitment: 'ef'.repeat(32),
    measurement: '12'.repeat(32),
    checkpoint: null,
    checks: passedChecks(),
    ...members,
  };
}

/**
 * A history of two services, one entry every ten minutes: every fifth request of Birch is refused
 * by the rate check, every seventh of Acme waits for the owner, for 30 s times its record.
 */
export function makeEntries(count: number): AuditEntry[] {
  return Array.from({ length: count }, (_, record) => {
    if (record % 2 === 1) return birchEntry(record);
    return record % 7 === 0 && record > 0 ? consentEntry(record) : makeEntry({ record });
  });
}

function birchEntry(record: number): AuditEntry {
  const entry = makeEntry({
    record,
    connection: 'c-birch',
    party: 'birch',
    name: 'Birch Bank',
    contract_id: 'birch-account',
    contract_version: record < 50 ? 1 : 2,
  });
  if (record % 5 !== 0) return entry;
  return {
    ...entry,
    decision: 'denied',
    reason: 'rate_limited',
    detail: 'no token left',
    fields_provided: [],
    handler: null,
    checks: entry.checks.map((check) =>
      check.check === 'rate'
        ? { ...check, result: 'fail', reason: 'rate_limited', inputs: { tokens: 0.5 } }
        : check,
    ),
  };
}

function consentEntry(record: number): AuditEntry {
  const entry = makeEntry({ record });
  const asked = entry.time + 5;
  const answered = asked + record * 30_000;
  return {
    ...entry,
    decided_by: 'owner:5eed5eed',
    consent_asked_at: asked,
    consent_decided_at: answered,
    decided_at: answered,
    responded_at: answered + 4,
  };
}

function passedChecks(): Check[] {
  return checkNames.map((check) => ({ check, result: 'pass', inputs: {} }));
}
