/** Kinds of record and the numbers that stand for them in a header. Numbers are never used again. */
export const kindNumbers = {
  genesis: 1,
  opened: 2,
  closed: 3,
  checkpoint: 4,
  received: 5,
  decided: 6,
  handled: 7,
  queued: 8,
  sent: 9,
  expired: 10,
  invited: 11,
  requested: 12,
  connected: 13,
  declined: 14,
  severed: 15,
  contract_offered: 16,
  contract_accepted: 17,
  contract_rejected: 18,
  consented: 19,
  stored: 20,
  rotated: 21,
  erased: 22,
  aggregate: 23,
  epoch_opened: 24,
  retired: 25,
  keys_known: 26,
  rekeyed: 27,
  presented: 28,
  moved: 29,
  credential_renewed: 30,
  servers_known: 31,
  dial_prepared: 33,
  dial_granted: 34,
  shared: 35,
  peer_answered: 36,
  value_received: 37,
  agent_granted: 38,
  agent_refused: 39,
  peer_moved: 40,
  granted: 42,
  remembered: 43,
  rule_revoked: 44,
  notified: 45,
  notice_held: 46,
} as const;

/** Kind of a ledger record. */
export type Kind = keyof typeof kindNumbers;

const names = new Map<number, Kind>(
  Object.entries(kindNumbers).map(([name, number]) => [number, name as Kind]),
);

/** The kind a number stands for; `undefined` for an unknown one, which stops an opening. */
export function kindOf(number: number): Kind | undefined {
  return names.get(number);
}
