import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Decision } from '../../ledger/decision.ts';
import type { Connection } from '../../projections/vault-state.ts';
import type { NoticeAbout } from '../../wire/notice.ts';
import type { Reason } from '../../wire/reasons.ts';
import type { Happening } from './notices.ts';

/** Refusals that the owner is told of, whoever caused them. */
const forged: ReadonlySet<Reason> = new Set(['sender_subject_mismatch', 'signature_invalid']);

/** Refusals that the owner is told of where a party caused them that they are connected with. */
const ofParties: { readonly [reason in Reason]?: NoticeAbout } = {
  permission_missing: 'unauthorised',
  field_not_in_contract: 'unauthorised',
  purpose_mismatch: 'unauthorised',
  optional_declined: 'unauthorised',
  category_not_allowed: 'unauthorised',
  rate_limited: 'limit_reached',
  notification_limit: 'limit_reached',
  storage_quota: 'limit_reached',
};

/** What the owner is to be told of a refusal; `undefined` for nothing. */
export function noticeOfRefusal(
  { id, kind }: Connection,
  { event }: ReceivedEvent,
  { outcome, reason, detail }: Decision,
): Happening | undefined {
  if (outcome !== 'denied' || reason === undefined) return undefined;
  const about = aboutOf(kind, event?.type ?? '', reason);
  if (about === undefined) return undefined;
  const said = [event?.type, reason, detail].filter((part) => part !== undefined && part !== '');
  return { about, connection: id, detail: said.join(': ') };
}

function aboutOf(kind: Connection['kind'], type: string, reason: Reason): NoticeAbout | undefined {
  if (forged.has(reason)) return 'forged';
  if (kind === 'owner') return undefined;
  if (type === 'contract.update' && reason === 'rate_limited') return 'updates_limited';
  return ofParties[reason] ?? (type === 'credential.renew' ? 'credential_refused' : undefined);
}

/** The same of refusals that were only counted. */
export function noticeOfCounted(
  connection: string,
  {
    type,
    reason,
    count,
  }: { readonly type: string; readonly reason: Reason; readonly count: number },
): Happening | undefined {
  const about = aboutOf('service', type, reason);
  if (about === undefined) return undefined;
  return { about, connection, count, detail: `${type}: ${reason}` };
}
