import type { LedgerRecord } from '../ledger/bodies.ts';
import { equalBytes } from '../wire/bytes.ts';
import type { Connection, KeyHandover, VaultState } from './vault-state.ts';

type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

/** The state with another key of the vault in force, or with the keyring as it is now. */
function rotated(state: VaultState, { body, time }: Of<'rotated'>): VaultState {
  if (body.purpose === 'ring') return { ...state, ring: body.ring };
  const { purpose, from, to, handover } = body;
  const keys = state.keys && { ...state.keys, [purpose]: to };
  const told = handover === undefined ? [] : [{ handover, from, at: time }];
  return { ...state, ...(keys && { keys }), handovers: [...state.handovers, ...told] };
}

/** The state in which a key of before is honoured no longer. */
function retired(state: VaultState, { body }: Of<'retired'>): VaultState {
  const isIt = ({ handover, from }: KeyHandover): boolean =>
    handover.purpose === body.purpose && equalBytes(from, body.key);
  const handovers = state.handovers.map((one) =>
    isIt(one) ? { ...one, retired: true as const } : one,
  );
  return { ...state, handovers };
}

/** The state in which a peer knows the vault's keys: what is sealed to it from now on is in a new epoch. */
export function keysKnown(state: VaultState, { body }: Of<'keys_known'>): VaultState {
  return changed(state, body.connection, (known) => ({
    ...inNewEpoch(known),
    knows: body.handovers,
  }));
}

/** The state with other keys of a party: what is sealed to it from now on is in a new epoch. */
export function rekeyed(state: VaultState, { body }: Of<'rekeyed'>): VaultState {
  return changed(state, body.connection, (known) => ({
    ...inNewEpoch(known),
    keys: body.keys,
    ...(known.keys === undefined ? {} : { former: known.keys.signing }),
  }));
}

function inNewEpoch(known: Connection): Connection {
  return known.sending === undefined ? known : { ...known, sending: { ...known.sending, at: 0 } };
}

function changed(
  state: VaultState,
  id: string,
  change: (known: Connection) => Connection,
): VaultState {
  const known = state.connections.get(id);
  if (known === undefined) return state;
  return { ...state, connections: state.connections.set(id, change(known)) };
}

/** The state with another key of the vault, or with one that is honoured no longer. */
export function ownKeysChanged(
  state: VaultState,
  record: Of<'rotated'> | Of<'retired'>,
): VaultState {
  return record.kind === 'rotated' ? rotated(state, record) : retired(state, record);
}
