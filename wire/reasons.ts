/** Why an event was refused: the standard's closed list, by what went wrong. */
export const reasons = [
  // identity
  'connection_unknown',
  'connection_inactive',
  'connection_severed',
  'sender_subject_mismatch',
  'signature_invalid',
  'decrypt_failed',
  'key_unknown',
  // format
  'malformed',
  'schema_invalid',
  'version_unsupported',
  'suite_refused',
  'too_large',
  // freshness
  'duplicate',
  'expired',
  'future_timestamp',
  // contract
  'contract_unknown',
  'contract_version_mismatch',
  'contract_pending',
  'contract_expired',
  'permission_missing',
  'field_not_in_contract',
  'purpose_mismatch',
  'optional_declined',
  'retention_expired',
  'rate_limited',
  'notification_limit',
  'storage_quota',
  'category_not_allowed',
  'required_field_missing',
  // consent
  'consent_denied',
  'consent_expired',
  // vault
  'event_unsupported',
  'field_absent',
  'vault_locked',
  'handler_failed',
  'handler_timeout',
  'measurement_unapproved',
  'audit_unavailable',
  'internal',
] as const;

/** Private code of a refusal: the owner sees it. */
export type Reason = (typeof reasons)[number];

/** Public code of a refusal: the peer sees it. */
export type PublicReason = Exclude<Reason, 'field_absent' | 'consent_denied'> | 'refused';

/**
 * The code a peer is told. An absent field and a denied consent are one code, so that nobody learns
 * what the vault holds in the consent tier.
 */
export function publicReason(reason: Reason): PublicReason {
  return reason === 'field_absent' || reason === 'consent_denied' ? 'refused' : reason;
}
