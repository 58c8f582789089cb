import type { Answer } from '../wire/messages.ts';
import type { CheckedAnswer } from './checked-answer.ts';

/** Something to ask a peer for. */
export type AskedOfPeer = { readonly type: string; readonly payload: unknown };

/** What a peer answered to the event of this id. */
export type PeerSaid = {
  readonly event: string;
  readonly type: string;
  readonly answer: Answer;
  /** Its ledger has signed the answer. */
  readonly signed: boolean;
};

/** The refusal of a question that a peer never got. */
export function unreached(type: string, detail = 'the peer cannot be reached now'): PeerSaid {
  const answer: Answer = { status: 'refused', type, code: 'connection_inactive', detail };
  return { event: '', type, answer, signed: false };
}

/** It shares something else by now. */
export function isStale(answer: Answer): boolean {
  const codes: readonly string[] = ['contract_unknown', 'contract_version_mismatch'];
  return answer.status === 'refused' && codes.includes(answer.code);
}

/** An answer without what the service side has found out about it. */
export function said(event: string, { check, statement: _, ...answer }: CheckedAnswer): PeerSaid {
  return { event, type: answer.type, answer: answer as Answer, signed: check?.ok === true };
}
